// Package clients drives Firesteel with the AWS SDK for Go, which finds it by the environment alone.
package clients

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	emr "github.com/aws/aws-sdk-go-v2/service/emrcontainers"
	"github.com/aws/aws-sdk-go-v2/service/emrcontainers/types"
)

const (
	role    = "arn:aws:iam::123456789012:role/job"
	release = "emr-7.9.0-latest"
	// Longer than any run takes here, waiting for its turn included.
	limit = 4 * time.Minute
)

type test struct {
	*testing.T
	ctx    context.Context
	client *emr.Client
}

func start(t *testing.T) *test {
	t.Helper()
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return &test{t, ctx, emr.NewFromConfig(settings)}
}

func (t *test) must(err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A name that nobody else has.
func unique(prefix string) string {
	bytes := make([]byte, 6)
	if _, err := rand.Read(bytes); err != nil {
		panic(err)
	}
	return prefix + "-" + hex.EncodeToString(bytes)
}

func job(file string, arguments ...string) *types.JobDriver {
	entryPoint := filepath.Join(os.Getenv("FIRESTEEL_JOBS"), file)
	return &types.JobDriver{SparkSubmitJobDriver: &types.SparkSubmitJobDriver{
		EntryPoint: &entryPoint, EntryPointArguments: arguments,
	}}
}

func provider(namespace string) *types.ContainerProvider {
	info := &types.ContainerInfoMemberEksInfo{Value: types.EksInfo{Namespace: &namespace}}
	return &types.ContainerProvider{
		Id: aws.String("local"), Type: types.ContainerProviderTypeEks, Info: info,
	}
}

func (t *test) virtualCluster() *emr.CreateVirtualClusterOutput {
	t.Helper()
	namespace := unique("go")
	created, err := t.client.CreateVirtualCluster(t.ctx, &emr.CreateVirtualClusterInput{
		Name: &namespace, ContainerProvider: provider(namespace), Tags: map[string]string{"by": "go"},
	})
	t.must(err)
	return created
}

func (t *test) run(cluster *string, driver *types.JobDriver) *emr.StartJobRunOutput {
	t.Helper()
	started, err := t.client.StartJobRun(t.ctx, &emr.StartJobRunInput{
		VirtualClusterId: cluster, Name: aws.String("go"), JobDriver: driver,
		ExecutionRoleArn: aws.String(role), ReleaseLabel: aws.String(release),
	})
	t.must(err)
	return started
}

// Polls, as every client does: the model has no waiters.
func (t *test) reaches(cluster, run *string, state types.JobRunState) *types.JobRun {
	t.Helper()
	for {
		described, err := t.client.DescribeJobRun(
			t.ctx, &emr.DescribeJobRunInput{VirtualClusterId: cluster, Id: run})
		t.must(err)
		found := described.JobRun
		if found.State == state {
			return found
		}
		if found.FinishedAt != nil {
			t.Fatalf("ended %s: %s", found.State, aws.ToString(found.StateDetails))
		}
		select {
		case <-t.ctx.Done():
			t.Fatalf("never %s, still %s", state, found.State)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (t *test) refused(err error, part string) {
	t.Helper()
	var invalid *types.ValidationException
	if !errors.As(err, &invalid) || !strings.Contains(invalid.ErrorMessage(), part) {
		t.Fatalf("not a ValidationException with %q: %v", part, err)
	}
}

func (t *test) unknown(err error, message string) {
	t.Helper()
	var unknown *types.ResourceNotFoundException
	if !errors.As(err, &unknown) || unknown.ErrorMessage() != message {
		t.Fatalf("not a ResourceNotFoundException %q: %v", message, err)
	}
}

func (t *test) same(what string, found, expected []string) {
	t.Helper()
	if !slices.Equal(found, expected) {
		t.Fatalf("%s: %v, not %v", what, found, expected)
	}
}

func TestTheLifeOfRuns(tt *testing.T) {
	t := start(tt)
	cluster := t.virtualCluster()
	described, err := t.client.DescribeVirtualCluster(
		t.ctx, &emr.DescribeVirtualClusterInput{Id: cluster.Id})
	t.must(err)
	found := described.VirtualCluster
	info, known := found.ContainerProvider.Info.(*types.ContainerInfoMemberEksInfo)
	if !known || *info.Value.Namespace != *cluster.Name || found.Tags["by"] != "go" ||
		found.State != types.VirtualClusterStateRunning || *found.Arn != *cluster.Arn {
		t.Fatalf("%+v", found)
	}

	good := t.run(cluster.Id, job("done.py", "1"))
	bad := t.run(cluster.Id, job("refuse.py"))
	slow := t.run(cluster.Id, job("wait.py"))
	completed := t.reaches(cluster.Id, good.Id, types.JobRunStateCompleted)
	if !completed.CreatedAt.Before(*completed.FinishedAt) || completed.FailureReason != "" ||
		completed.JobDriver.SparkSubmitJobDriver.EntryPointArguments[0] != "1" {
		t.Fatalf("%+v", completed)
	}
	failed := t.reaches(cluster.Id, bad.Id, types.JobRunStateFailed)
	if failed.FailureReason != types.FailureReasonUserError ||
		!strings.Contains(*failed.StateDetails, "the input table is empty") {
		t.Fatalf("%s %s", failed.FailureReason, *failed.StateDetails)
	}
	t.reaches(cluster.Id, slow.Id, types.JobRunStateRunning)
	cancel := &emr.CancelJobRunInput{VirtualClusterId: cluster.Id, Id: slow.Id}
	_, err = t.client.CancelJobRun(t.ctx, cancel)
	t.must(err)
	t.reaches(cluster.Id, slow.Id, types.JobRunStateCancelled)
	_, err = t.client.CancelJobRun(t.ctx, cancel)
	t.refused(err, "Job run "+*slow.Id+" is not in a cancellable state")

	deleted, err := t.client.DeleteVirtualCluster(
		t.ctx, &emr.DeleteVirtualClusterInput{Id: cluster.Id})
	t.must(err)
	if *deleted.Id != *cluster.Id {
		t.Fatal(*deleted.Id)
	}
}

func TestEveryListPages(tt *testing.T) {
	t := start(tt)
	since := aws.Time(time.Now().UTC().Truncate(time.Second))
	var clusters, runs, templates, configurations []string
	for range 3 {
		clusters = append(clusters, *t.virtualCluster().Id)
		template, err := t.client.CreateJobTemplate(t.ctx, &emr.CreateJobTemplateInput{
			Name: aws.String(unique("go")), JobTemplateData: data(job("done.py")),
		})
		t.must(err)
		templates = append(templates, *template.Id)
		configuration, err := t.client.CreateSecurityConfiguration(
			t.ctx, &emr.CreateSecurityConfigurationInput{
				Name: aws.String(unique("go")), SecurityConfigurationData: security(),
			})
		t.must(err)
		configurations = append(configurations, *configuration.Id)
	}
	for range 3 {
		// It fails before it is anything: no such classification.
		started, err := t.client.StartJobRun(t.ctx, &emr.StartJobRunInput{
			VirtualClusterId: &clusters[0], JobDriver: job("done.py"),
			ExecutionRoleArn: aws.String(role), ReleaseLabel: aws.String(release),
			ConfigurationOverrides: &types.ConfigurationOverrides{
				ApplicationConfiguration: []types.Configuration{
					{Classification: aws.String("no-such")},
				},
			},
		})
		t.must(err)
		runs = append(runs, *started.Id)
		t.reaches(&clusters[0], started.Id, types.JobRunStateFailed)
	}
	for _, ids := range [][]string{clusters, runs, templates, configurations} {
		slices.Reverse(ids)
	}

	var found []string
	jobRuns := emr.NewListJobRunsPaginator(t.client, &emr.ListJobRunsInput{
		VirtualClusterId: &clusters[2], MaxResults: aws.Int32(2), CreatedAfter: since,
		States: []types.JobRunState{types.JobRunStateFailed, types.JobRunStateRunning},
	})
	for jobRuns.HasMorePages() {
		page, err := jobRuns.NextPage(t.ctx)
		t.must(err)
		for _, run := range page.JobRuns {
			found = append(found, *run.Id)
		}
	}
	t.same("runs", found, runs)

	// Others make such resources at the same time: ours must all be there, in their order.
	ours := func(all, ids []string) []string {
		return slices.DeleteFunc(all, func(id string) bool { return !slices.Contains(ids, id) })
	}
	found = nil
	virtualClusters := emr.NewListVirtualClustersPaginator(t.client, &emr.ListVirtualClustersInput{
		ContainerProviderId: aws.String("local"), ContainerProviderType: types.ContainerProviderTypeEks,
		MaxResults: aws.Int32(2), CreatedAfter: since,
		States: []types.VirtualClusterState{types.VirtualClusterStateRunning},
	})
	for virtualClusters.HasMorePages() {
		page, err := virtualClusters.NextPage(t.ctx)
		t.must(err)
		for _, cluster := range page.VirtualClusters {
			found = append(found, *cluster.Id)
		}
	}
	t.same("virtual clusters", ours(found, clusters), clusters)

	found = nil
	jobTemplates := emr.NewListJobTemplatesPaginator(t.client,
		&emr.ListJobTemplatesInput{MaxResults: aws.Int32(2), CreatedAfter: since})
	for jobTemplates.HasMorePages() {
		page, err := jobTemplates.NextPage(t.ctx)
		t.must(err)
		for _, template := range page.Templates {
			found = append(found, *template.Id)
		}
	}
	t.same("templates", ours(found, templates), templates)

	found = nil
	securityConfigurations := emr.NewListSecurityConfigurationsPaginator(t.client,
		&emr.ListSecurityConfigurationsInput{MaxResults: aws.Int32(2), CreatedAfter: since})
	for securityConfigurations.HasMorePages() {
		page, err := securityConfigurations.NextPage(t.ctx)
		t.must(err)
		for _, configuration := range page.SecurityConfigurations {
			found = append(found, *configuration.Id)
		}
	}
	t.same("security configurations", ours(found, configurations), configurations)
}

func TestTemplates(tt *testing.T) {
	t := start(tt)
	cluster := t.virtualCluster()
	template := data(job("done.py", "${word}", "${count}"))
	template.ParameterConfiguration = map[string]types.TemplateParameterConfiguration{
		"word":  {Type: types.TemplateParameterDataTypeString},
		"count": {Type: types.TemplateParameterDataTypeNumber, DefaultValue: aws.String("7")},
	}
	template.JobTags = map[string]string{"from": "template"}
	created, err := t.client.CreateJobTemplate(t.ctx, &emr.CreateJobTemplateInput{
		Name: aws.String("go"), JobTemplateData: template, Tags: map[string]string{"by": "go"},
	})
	t.must(err)
	described, err := t.client.DescribeJobTemplate(
		t.ctx, &emr.DescribeJobTemplateInput{Id: created.Id})
	t.must(err)
	found := described.JobTemplate
	if *found.Arn != *created.Arn || found.Tags["by"] != "go" ||
		*found.JobTemplateData.ParameterConfiguration["count"].DefaultValue != "7" {
		t.Fatalf("%+v", found)
	}
	from := func(parameters map[string]string) (*emr.StartJobRunOutput, error) {
		return t.client.StartJobRun(t.ctx, &emr.StartJobRunInput{
			VirtualClusterId: cluster.Id, JobTemplateId: created.Id,
			JobTemplateParameters: parameters,
		})
	}
	started, err := from(map[string]string{"word": "two words"})
	t.must(err)
	run := t.reaches(cluster.Id, started.Id, types.JobRunStateCompleted)
	t.same("arguments", run.JobDriver.SparkSubmitJobDriver.EntryPointArguments,
		[]string{"two words", "7"})
	if run.Tags["from"] != "template" {
		t.Fatal(run.Tags)
	}
	_, err = from(nil)
	t.refused(err, "word")
	_, err = from(map[string]string{"word": "a", "other": "b"})
	t.refused(err, "other")
	_, err = from(map[string]string{"word": "a", "count": "many"})
	t.refused(err, "count")
	_, err = t.client.DeleteJobTemplate(t.ctx, &emr.DeleteJobTemplateInput{Id: created.Id})
	t.must(err)
	_, err = t.client.DescribeJobTemplate(t.ctx, &emr.DescribeJobTemplateInput{Id: created.Id})
	var unknown *types.ResourceNotFoundException
	if !errors.As(err, &unknown) {
		t.Fatal(err)
	}
}

func TestTags(tt *testing.T) {
	t := start(tt)
	cluster := t.virtualCluster()
	template, err := t.client.CreateJobTemplate(t.ctx, &emr.CreateJobTemplateInput{
		Name: aws.String("go"), JobTemplateData: data(job("done.py")),
	})
	t.must(err)
	configuration, err := t.client.CreateSecurityConfiguration(
		t.ctx, &emr.CreateSecurityConfigurationInput{
			Name: aws.String("go"), SecurityConfigurationData: security(),
		})
	t.must(err)
	run := t.run(cluster.Id, job("done.py"))
	for _, arn := range []*string{cluster.Arn, template.Arn, configuration.Arn, run.Arn} {
		_, err := t.client.TagResource(t.ctx, &emr.TagResourceInput{
			ResourceArn: arn, Tags: map[string]string{"a b": "c/d", "e": "", "by": "me"},
		})
		t.must(err)
		_, err = t.client.UntagResource(t.ctx, &emr.UntagResourceInput{
			ResourceArn: arn, TagKeys: []string{"e", "by"},
		})
		t.must(err)
		listed, err := t.client.ListTagsForResource(
			t.ctx, &emr.ListTagsForResourceInput{ResourceArn: arn})
		t.must(err)
		if len(listed.Tags) != 1 || listed.Tags["a b"] != "c/d" {
			t.Fatal(*arn, listed.Tags)
		}
	}
	t.reaches(cluster.Id, run.Id, types.JobRunStateCompleted)
}

func TestSecurityConfigurations(tt *testing.T) {
	t := start(tt)
	configuration, err := t.client.CreateSecurityConfiguration(
		t.ctx, &emr.CreateSecurityConfigurationInput{
			Name: aws.String("go"), SecurityConfigurationData: security(),
		})
	t.must(err)
	described, err := t.client.DescribeSecurityConfiguration(
		t.ctx, &emr.DescribeSecurityConfigurationInput{Id: configuration.Id})
	t.must(err)
	lake := described.SecurityConfiguration.SecurityConfigurationData.
		AuthorizationConfiguration.LakeFormationConfiguration
	if *lake.AuthorizedSessionTagValue != "Amazon EMR" {
		t.Fatalf("%+v", lake)
	}
	namespace := unique("go")
	cluster, err := t.client.CreateVirtualCluster(t.ctx, &emr.CreateVirtualClusterInput{
		Name: &namespace, ContainerProvider: provider(namespace),
		SecurityConfigurationId: configuration.Id,
	})
	t.must(err)
	found, err := t.client.DescribeVirtualCluster(
		t.ctx, &emr.DescribeVirtualClusterInput{Id: cluster.Id})
	t.must(err)
	if *found.VirtualCluster.SecurityConfigurationId != *configuration.Id {
		t.Fatalf("%+v", found.VirtualCluster)
	}
}

func TestErrorsAreTyped(tt *testing.T) {
	t := start(tt)
	cluster := t.virtualCluster()
	nobody := strings.Repeat("0", 25)
	_, err := t.client.DescribeVirtualCluster(
		t.ctx, &emr.DescribeVirtualClusterInput{Id: &nobody})
	t.unknown(err, "Virtual cluster "+nobody+" doesn't exist.")
	_, err = t.client.StartJobRun(t.ctx, &emr.StartJobRunInput{
		VirtualClusterId: cluster.Id, JobDriver: job("done.py"),
		ExecutionRoleArn: aws.String(role), ReleaseLabel: aws.String("emr-9.99.0-latest"),
	})
	t.unknown(err, "Release emr-9.99.0-latest doesn't exist.")
	_, err = t.client.CreateVirtualCluster(t.ctx, &emr.CreateVirtualClusterInput{
		Name: cluster.Name, ContainerProvider: provider(*cluster.Name),
	})
	t.refused(err, "A virtual cluster already exists in the given namespace")
	_, err = t.client.CreateManagedEndpoint(t.ctx, &emr.CreateManagedEndpointInput{
		VirtualClusterId: cluster.Id, Name: aws.String("go"), Type: aws.String("SPARK_CONNECT"),
		ReleaseLabel: aws.String(release), ExecutionRoleArn: aws.String(role),
	})
	t.refused(err, "CreateManagedEndpoint is not supported yet.")
	_, err = emr.NewListManagedEndpointsPaginator(t.client,
		&emr.ListManagedEndpointsInput{VirtualClusterId: cluster.Id}).NextPage(t.ctx)
	t.refused(err, "ListManagedEndpoints is not supported yet.")
}

func data(driver *types.JobDriver) *types.JobTemplateData {
	return &types.JobTemplateData{
		ExecutionRoleArn: aws.String(role), ReleaseLabel: aws.String(release), JobDriver: driver,
	}
}

func security() *types.SecurityConfigurationData {
	return &types.SecurityConfigurationData{
		AuthorizationConfiguration: &types.AuthorizationConfiguration{
			LakeFormationConfiguration: &types.LakeFormationConfiguration{
				AuthorizedSessionTagValue: aws.String("Amazon EMR"),
			},
		},
	}
}
