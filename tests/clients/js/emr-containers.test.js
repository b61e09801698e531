// Drives Firesteel with the AWS SDK for JavaScript, which finds it by the environment alone.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";

import {
  CancelJobRunCommand,
  CreateJobTemplateCommand,
  CreateManagedEndpointCommand,
  CreateSecurityConfigurationCommand,
  CreateVirtualClusterCommand,
  DeleteJobTemplateCommand,
  DeleteVirtualClusterCommand,
  DescribeJobRunCommand,
  DescribeJobTemplateCommand,
  DescribeSecurityConfigurationCommand,
  DescribeVirtualClusterCommand,
  EMRContainersClient,
  ListTagsForResourceCommand,
  ResourceNotFoundException,
  StartJobRunCommand,
  TagResourceCommand,
  UntagResourceCommand,
  ValidationException,
  paginateListJobRuns,
  paginateListJobTemplates,
  paginateListManagedEndpoints,
  paginateListSecurityConfigurations,
  paginateListVirtualClusters,
} from "@aws-sdk/client-emr-containers";

const client = new EMRContainersClient({});
const EXECUTION = {
  executionRoleArn: "arn:aws:iam::123456789012:role/job",
  releaseLabel: "emr-7.9.0-latest",
};
// Longer than any run takes here, waiting for its turn included.
const LIMIT = 240_000;

const unique = () => `js-${randomUUID().slice(0, 12)}`;
const call = (Command, input) => client.send(new Command(input));

const job = (file, ...entryPointArguments) => ({
  sparkSubmitJobDriver: {
    entryPoint: join(process.env.FIRESTEEL_JOBS, file),
    ...(entryPointArguments.length ? { entryPointArguments } : {}),
  },
});

const provider = (namespace) => ({
  id: "local",
  type: "EKS",
  info: { eksInfo: { namespace } },
});

function virtualCluster(more = {}) {
  const name = unique();
  const containerProvider = provider(name);
  return call(CreateVirtualClusterCommand, { name, containerProvider, ...more });
}

const jobTemplate = () =>
  call(CreateJobTemplateCommand, {
    name: unique(),
    jobTemplateData: { ...EXECUTION, jobDriver: job("done.py") },
  });

const securityConfiguration = () =>
  call(CreateSecurityConfigurationCommand, {
    name: unique(),
    securityConfigurationData: {
      authorizationConfiguration: {
        lakeFormationConfiguration: { authorizedSessionTagValue: "Amazon EMR" },
      },
    },
  });

const start = (virtualClusterId, jobDriver, more = {}) =>
  call(StartJobRunCommand, { virtualClusterId, ...EXECUTION, jobDriver, ...more });

// Polls, as every client does: the model has no waiters.
async function reaches(virtualClusterId, id, state) {
  const deadline = Date.now() + LIMIT;
  while (Date.now() < deadline) {
    const { jobRun } = await call(DescribeJobRunCommand, { virtualClusterId, id });
    if (jobRun.state === state) return jobRun;
    assert.equal(jobRun.finishedAt, undefined, `ended ${jobRun.state}: ${jobRun.stateDetails}`);
    await setTimeout(200);
  }
  assert.fail(`${id} was never ${state}`);
}

async function refused(answer, kind, message) {
  await assert.rejects(answer, (error) => {
    assert.ok(error instanceof kind, `${error}`);
    assert.equal(error.$metadata.httpStatusCode, 400);
    assert.match(error.$metadata.requestId, /^[0-9a-f-]{36}$/);
    assert.ok(error.message.includes(message), error.message);
    return true;
  });
}

async function ids(pages, member) {
  const found = [];
  let count = 0;
  for await (const page of pages) {
    count += 1;
    found.push(...page[member].map((item) => item.id));
  }
  assert.ok(count >= 2, "it takes more than one page");
  return found;
}

describe("the AWS SDK for JavaScript", { concurrency: true, timeout: LIMIT }, () => {
  test("the life of runs", async () => {
    const { id, arn, name } = await virtualCluster({ tags: { by: "js" } });
    const { virtualCluster: found } = await call(DescribeVirtualClusterCommand, { id });
    assert.equal(found.arn, arn);
    assert.equal(found.state, "RUNNING");
    assert.deepEqual(found.tags, { by: "js" });
    assert.deepEqual(found.containerProvider, provider(name));
    assert.ok(found.createdAt instanceof Date);

    const [good, bad, slow] = await Promise.all([
      start(id, job("done.py", "1"), { name: "good" }),
      start(id, job("refuse.py")),
      start(id, job("wait.py")),
    ]);
    const completed = await reaches(id, good.id, "COMPLETED");
    assert.equal(completed.name, "good");
    assert.ok(completed.createdAt < completed.finishedAt);
    const failed = await reaches(id, bad.id, "FAILED");
    assert.equal(failed.failureReason, "USER_ERROR");
    assert.match(failed.stateDetails, /the input table is empty/);
    await reaches(id, slow.id, "RUNNING");
    const cancel = { virtualClusterId: id, id: slow.id };
    assert.equal((await call(CancelJobRunCommand, cancel)).id, slow.id);
    await reaches(id, slow.id, "CANCELLED");
    const message = `Job run ${slow.id} is not in a cancellable state`;
    await refused(call(CancelJobRunCommand, cancel), ValidationException, message);

    assert.equal((await call(DeleteVirtualClusterCommand, { id })).id, id);
    const deleted = await call(DescribeVirtualClusterCommand, { id });
    assert.equal(deleted.virtualCluster.state, "TERMINATED");
  });

  test("every list pages", async () => {
    const config = { client, pageSize: 2 };
    const createdAfter = new Date(Math.floor(Date.now() / 1000) * 1000);
    const clusters = [];
    const templates = [];
    const configurations = [];
    const runs = [];
    for (let count = 0; count < 3; count += 1) {
      clusters.unshift((await virtualCluster()).id);
      templates.unshift((await jobTemplate()).id);
      configurations.unshift((await securityConfiguration()).id);
    }
    const virtualClusterId = clusters[0];
    for (let count = 0; count < 3; count += 1) {
      // It fails before it is anything: no such classification.
      const applicationConfiguration = [{ classification: "no-such" }];
      const more = { name: "none", configurationOverrides: { applicationConfiguration } };
      const { id } = await start(virtualClusterId, job("done.py"), more);
      await reaches(virtualClusterId, id, "FAILED");
      runs.unshift(id);
    }
    const filter = { virtualClusterId, states: ["FAILED", "RUNNING"], name: "none", createdAfter };
    assert.deepEqual(await ids(paginateListJobRuns(config, filter), "jobRuns"), runs);

    // Others make such resources at the same time: ours must all be there, in their order.
    const ours = async (pages, member, expected) => {
      const found = await ids(pages, member);
      assert.deepEqual(
        found.filter((id) => expected.includes(id)),
        expected,
      );
    };
    const open = { containerProviderId: "local", containerProviderType: "EKS", states: ["RUNNING"] };
    const listed = paginateListVirtualClusters(config, { ...open, createdAfter });
    await ours(listed, "virtualClusters", clusters);
    await ours(paginateListJobTemplates(config, { createdAfter }), "templates", templates);
    const secured = paginateListSecurityConfigurations(config, { createdAfter });
    await ours(secured, "securityConfigurations", configurations);
    const endpoints = paginateListManagedEndpoints(config, { virtualClusterId });
    const message = "ListManagedEndpoints is not supported yet.";
    await refused(endpoints.next(), ValidationException, message);
  });

  test("templates", async () => {
    const virtualClusterId = (await virtualCluster()).id;
    const created = await call(CreateJobTemplateCommand, {
      name: "js",
      tags: { by: "js" },
      jobTemplateData: {
        ...EXECUTION,
        jobDriver: job("done.py", "${word}", "${count}"),
        parameterConfiguration: {
          word: { type: "STRING" },
          count: { type: "NUMBER", defaultValue: "7" },
        },
        jobTags: { from: "template" },
      },
    });
    const { id } = created;
    const { jobTemplate: found } = await call(DescribeJobTemplateCommand, { id });
    assert.equal(found.arn, created.arn);
    assert.deepEqual(found.tags, { by: "js" });
    assert.equal(found.jobTemplateData.parameterConfiguration.count.defaultValue, "7");
    const from = (jobTemplateParameters) =>
      call(StartJobRunCommand, { virtualClusterId, jobTemplateId: id, jobTemplateParameters });
    const run = await from({ word: "two words" });
    const completed = await reaches(virtualClusterId, run.id, "COMPLETED");
    const submitted = completed.jobDriver.sparkSubmitJobDriver;
    assert.deepEqual(submitted.entryPointArguments, ["two words", "7"]);
    assert.equal(completed.tags.from, "template");
    await refused(from({}), ValidationException, "word");
    await refused(from({ word: "a", other: "b" }), ValidationException, "other");
    await refused(from({ word: "a", count: "many" }), ValidationException, "count");
    assert.equal((await call(DeleteJobTemplateCommand, { id })).id, id);
    const gone = call(DescribeJobTemplateCommand, { id });
    await refused(gone, ResourceNotFoundException, id);
  });

  test("tags", async () => {
    const cluster = await virtualCluster();
    const run = await start(cluster.id, job("done.py"));
    const resources = [cluster, run, await jobTemplate(), await securityConfiguration()];
    for (const { arn: resourceArn } of resources) {
      const tags = { "a b": "c/d", e: "", by: "me" };
      await call(TagResourceCommand, { resourceArn, tags });
      await call(UntagResourceCommand, { resourceArn, tagKeys: ["e", "by"] });
      const listed = await call(ListTagsForResourceCommand, { resourceArn });
      assert.deepEqual(listed.tags, { "a b": "c/d" });
    }
    await reaches(cluster.id, run.id, "COMPLETED");
  });

  test("security configurations", async () => {
    const { id, arn } = await securityConfiguration();
    const { securityConfiguration: found } = await call(DescribeSecurityConfigurationCommand, { id });
    assert.equal(found.arn, arn);
    const { lakeFormationConfiguration } = found.securityConfigurationData.authorizationConfiguration;
    assert.equal(lakeFormationConfiguration.authorizedSessionTagValue, "Amazon EMR");
    const cluster = await virtualCluster({ securityConfigurationId: id });
    const described = await call(DescribeVirtualClusterCommand, { id: cluster.id });
    assert.equal(described.virtualCluster.securityConfigurationId, id);
  });

  test("errors are typed", async () => {
    const cluster = await virtualCluster();
    const nobody = "0".repeat(25);
    await refused(
      call(DescribeVirtualClusterCommand, { id: nobody }),
      ResourceNotFoundException,
      `Virtual cluster ${nobody} doesn't exist.`,
    );
    await refused(
      start(cluster.id, job("done.py"), { releaseLabel: "emr-9.99.0-latest" }),
      ResourceNotFoundException,
      "Release emr-9.99.0-latest doesn't exist.",
    );
    await refused(
      call(CreateVirtualClusterCommand, { name: "b", containerProvider: provider(cluster.name) }),
      ValidationException,
      "A virtual cluster already exists in the given namespace",
    );
    await refused(
      call(CreateManagedEndpointCommand, {
        virtualClusterId: cluster.id,
        name: "js",
        type: "SPARK_CONNECT",
        ...EXECUTION,
      }),
      ValidationException,
      "CreateManagedEndpoint is not supported yet.",
    );
  });
});
