//! An API server that tells the truth, late or not at all, and keeps its own record of it.
//!
//! It has what Firesteel asks for: pods with lists and watches, nodes, namespaces, collections
//! that are deleted as one. Faults stand between a request and its effect, or its effect and its
//! answer; a single lock orders all effects.

mod answers;
pub mod faults;
mod kubelet;
mod objects;
pub mod record;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Method, Response, Uri};
use futures::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{interval, sleep};

use self::answers::{broken, created, namespace, not_found, object, status, too_many};
use self::faults::{Fault, Kind};
use self::objects::{Answer, Key, World, index_of, is_selected, run_of};
use crate::fates::{self, Fate};

/// No caller waits as long.
const FOR_EVER: Duration = Duration::from_secs(600);
const TICK: Duration = Duration::from_millis(20);
/// The server closes a watch after this, as real ones do after minutes.
const WATCH_LIFE: Duration = Duration::from_secs(8);
const BOOKMARK: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub struct Server {
    world: Arc<Mutex<World>>,
    /// Ends all watches when it changes.
    watch_epoch: watch::Sender<u64>,
    port: u16,
}

impl Server {
    pub async fn start(seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            world: Arc::new(Mutex::new(World::new(seed))),
            watch_epoch: watch::Sender::new(0),
            port: listener.local_addr().unwrap().port(),
        };
        let router = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let world = server.world.clone();
        tokio::spawn(async move {
            let mut ticks = interval(TICK);
            loop {
                ticks.tick().await;
                kubelet::tick(&mut world.lock().unwrap());
            }
        });
        server
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// Writes the file by which clients find this server.
    pub fn write_kubeconfig(&self, path: &Path) {
        let port = self.port;
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: it\n\
             clusters: [{{name: it, cluster: {{server: \"http://127.0.0.1:{port}\"}}}}]\n\
             users: [{{name: it, user: {{}}}}]\n\
             contexts: [{{name: it, context: {{cluster: it, user: it}}}}]\n"
        );
        std::fs::write(path, text).unwrap();
    }

    pub fn drop_watches(&self) {
        self.world().faults.count(Fault::WatchDropped);
        self.watch_epoch.send_modify(|epoch| *epoch += 1);
    }

    pub fn stall_watches(&self, pause: Duration) {
        self.world().faults.count(Fault::WatchStalled);
        self.world().stalled_until = Some(Instant::now() + pause);
    }

    pub fn fill_quota(&self, pause: Duration) {
        self.world().full_until = Some(Instant::now() + pause);
    }

    /// Everything works from now on; what is late still comes.
    pub fn calm(&self) {
        let mut world = self.world();
        world.faults.set(0);
        world.full_until = None;
        world.stalled_until = None;
    }

    /// The pods with an installation's label.
    pub fn pods_left(&self) -> Vec<String> {
        let world = self.world();
        let pods = world.list("pods", None);
        let ours = pods
            .iter()
            .filter(|pod| is_selected(pod, objects::INSTALLATION));
        ours.map(|pod| {
            pod["metadata"]["name"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        })
        .collect()
    }

    /// The installation has written down that these drivers were created.
    pub fn are_recorded(&self, uids: impl IntoIterator<Item = String>) {
        self.world().kubelet.recorded.extend(uids);
    }

    pub fn unfinished(&self) -> usize {
        self.world().kubelet.unfinished()
    }
}

/// What a path means.
struct Target {
    resource: String,
    namespace: Option<String>,
    name: Option<String>,
    subresource: Option<String>,
}

impl Target {
    fn of(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let rest = match parts.as_slice() {
            ["api", _, rest @ ..] | ["apis", _, _, rest @ ..] => rest,
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
            rest => (None, rest),
        };
        let part = |place: usize| rest.get(place).map(|part| (*part).to_owned());
        Some(Self {
            resource: part(0)?,
            namespace: namespace.map(str::to_owned),
            name: part(1),
            subresource: part(2),
        })
    }

    fn key(&self, name: &str) -> Key {
        Key {
            resource: self.resource.clone(),
            namespace: self.namespace.clone().unwrap_or_default(),
            name: name.to_owned(),
        }
    }
}

async fn answer(
    State(server): State<Server>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Response<Body> {
    if uri.path() == "/version" {
        return object(200, &json!({"major": "1", "minor": "33"}));
    }
    let Some(target) = Target::of(uri.path()) else {
        return status(404, "NotFound", "no such path", json!({}));
    };
    let query: HashMap<String, String> =
        form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
    let is_watch = query
        .get("watch")
        .is_some_and(|watch| watch == "true" || watch == "1");
    let kind = match (&method, target.resource.as_str()) {
        (_, _) if is_watch => Kind::Watch,
        (&Method::POST, "pods") => Kind::CreatePod,
        (&Method::GET, _) | (_, "selfsubjectaccessreviews") => Kind::Read,
        _ => Kind::OtherWrite,
    };
    let fault = server.world().faults.draw(kind);
    let request = Request {
        method,
        target,
        query,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    match fault {
        None if is_watch => server.watch(&request),
        None => server.perform(&request),
        Some(Fault::Gone) => status(410, "Expired", "too old resource version", json!({})),
        Some(Fault::Conflict) => status(
            409,
            "Conflict",
            "Operation cannot be fulfilled on resourcequotas \"pods\": the object has been modified",
            json!({}),
        ),
        Some(Fault::TooManyRequests) => too_many(),
        Some(Fault::InternalError) => status(
            500,
            "InternalError",
            "etcdserver: request timed out",
            json!({}),
        ),
        Some(Fault::InternalErrorAfterAll) => {
            server.perform(&request);
            status(
                500,
                "InternalError",
                "etcdserver: request timed out",
                json!({}),
            )
        }
        Some(Fault::NoAnswerAfterAll) => {
            server.perform(&request);
            never().await
        }
        Some(Fault::AnswerLost) => {
            server.perform(&request);
            broken()
        }
        Some(Fault::Late) => {
            let delay = server.world().faults.between(1200, 5000);
            // It comes whether or not its sender still waits.
            tokio::spawn(async move {
                sleep(delay).await;
                server.perform(&request);
            });
            never().await
        }
        Some(_) => never().await,
    }
}

async fn never() -> Response<Body> {
    sleep(FOR_EVER).await;
    broken()
}

struct Request {
    method: Method,
    target: Target,
    query: HashMap<String, String>,
    body: Value,
}

impl Request {
    fn selector(&self) -> &str {
        self.query.get("labelSelector").map_or("", String::as_str)
    }
}

impl Server {
    fn perform(&self, request: &Request) -> Response<Body> {
        let Request {
            method,
            target,
            body,
            ..
        } = request;
        let resource = target.resource.as_str();
        match (method, resource, &target.name) {
            (_, "selfsubjectaccessreviews", _) => {
                let mut review = body.clone();
                review["status"] = json!({"allowed": true});
                object(201, &review)
            }
            (_, "namespaces", Some(name)) => object(200, &namespace(name)),
            (_, "nodes", Some(name)) => match self.world().kubelet.node(name) {
                Some(node) => object(200, &node),
                None => not_found("nodes", name),
            },
            (_, "pods", Some(name)) if target.subresource.is_some() => self.log(target, name),
            (&Method::POST, "pods", None) => self.create_pod(target, body),
            (&Method::POST, _, None) => {
                let name = body["metadata"]["name"].as_str().unwrap_or_default();
                created(
                    &target.key(name),
                    self.world().create(&target.key(name), body.clone()),
                )
            }
            (&Method::GET, _, None) => self.list(request),
            (&Method::GET, _, Some(name)) => match self.world().get(&target.key(name)) {
                Some(found) => object(200, found),
                None => not_found(resource, name),
            },
            (&Method::DELETE, _, Some(name)) => self.delete(target, name, body),
            (&Method::DELETE, _, None) => {
                let mut world = self.world();
                let doomed: Vec<String> = world
                    .list(resource, target.namespace.as_deref())
                    .into_iter()
                    .filter(|object| is_selected(object, request.selector()))
                    .filter_map(|object| object["metadata"]["name"].as_str().map(str::to_owned))
                    .collect();
                for name in doomed {
                    world.delete(&target.key(&name), None);
                }
                object(
                    200,
                    &json!({"kind": "Status", "apiVersion": "v1", "status": "Success"}),
                )
            }
            _ => status(405, "MethodNotAllowed", "not served here", json!({})),
        }
    }

    fn create_pod(&self, target: &Target, body: &Value) -> Response<Body> {
        let name = body["metadata"]["name"].as_str().unwrap_or_default();
        let mut world = self.world();
        // Admission comes before the look at what exists.
        if world.full_until.is_some_and(|until| until > Instant::now()) {
            world.faults.count(Fault::Quota);
            let message = format!(
                "pods \"{name}\" is forbidden: exceeded quota: pods, requested: pods=1, used: \
                 pods=10, limited: pods=10"
            );
            return status(
                403,
                "Forbidden",
                &message,
                json!({"name": name, "kind": "pods"}),
            );
        }
        if let Some((index, attempt)) = index_of(body)
            && fates::fate(world.seed, index, attempt) == Fate::Invalid
        {
            world.faults.count(Fault::Unprocessable);
            world
                .record
                .tell(&run_of(body), &format!("{name} is invalid"));
            let message =
                format!("Pod \"{name}\" is invalid: spec.containers[0].image: Invalid value");
            return status(
                422,
                "Invalid",
                &message,
                json!({"name": name, "kind": "Pod"}),
            );
        }
        let key = target.key(name);
        created(&key, world.create(&key, body.clone()))
    }

    fn delete(&self, target: &Target, name: &str, body: &Value) -> Response<Body> {
        let precondition = body["preconditions"]["uid"].as_str();
        match self.world().delete(&target.key(name), precondition) {
            Answer::Object(found) => object(200, &found),
            Answer::OtherUid(uid) => {
                let wanted = precondition.unwrap_or_default();
                let message = format!(
                    "Precondition failed: UID in precondition: {wanted}, UID in object meta: {uid}"
                );
                status(
                    409,
                    "Conflict",
                    &message,
                    json!({"name": name, "kind": "pods"}),
                )
            }
            Answer::NotFound | Answer::AlreadyExists => not_found(&target.resource, name),
        }
    }

    fn list(&self, request: &Request) -> Response<Body> {
        let world = self.world();
        let items: Vec<&Value> = world
            .list(
                &request.target.resource,
                request.target.namespace.as_deref(),
            )
            .into_iter()
            .filter(|object| is_selected(object, request.selector()))
            .collect();
        let metadata = json!({"resourceVersion": world.version().to_string()});
        object(
            200,
            &json!({"kind": "List", "apiVersion": "v1", "metadata": metadata, "items": items}),
        )
    }

    fn log(&self, target: &Target, name: &str) -> Response<Body> {
        if self.world().get(&target.key(name)).is_none() {
            return not_found("pods", name);
        }
        Response::new(Body::from("the driver says nothing of interest\n"))
    }

    fn watch(&self, request: &Request) -> Response<Body> {
        let version = request
            .query
            .get("resourceVersion")
            .and_then(|text| text.parse().ok());
        let watching = Watching {
            server: self.clone(),
            epoch: self.watch_epoch.subscribe(),
            namespace: request.target.namespace.clone(),
            selector: request.selector().to_owned(),
            version: version.unwrap_or(0),
            ends: Instant::now() + WATCH_LIFE,
            bookmark: Instant::now() + BOOKMARK,
            is_over: false,
        };
        let changes = stream::unfold(watching, |mut watching| async move {
            let part = watching.next().await?;
            Some((part, watching))
        });
        Response::new(Body::from_stream(changes))
    }
}

struct Watching {
    server: Server,
    epoch: watch::Receiver<u64>,
    namespace: Option<String>,
    selector: String,
    version: u64,
    ends: Instant,
    bookmark: Instant,
    is_over: bool,
}

impl Watching {
    async fn next(&mut self) -> Option<Result<String, std::io::Error>> {
        while !self.is_over {
            if self.epoch.has_changed().unwrap_or(true) {
                self.is_over = true;
                return Some(Err(std::io::Error::other("the connection broke")));
            }
            if Instant::now() > self.ends {
                return None;
            }
            if let Some(text) = self.changes() {
                return Some(Ok(text));
            }
            sleep(TICK).await;
        }
        None
    }

    fn changes(&mut self) -> Option<String> {
        let mut world = self.server.world();
        if world
            .stalled_until
            .is_some_and(|until| until > Instant::now())
        {
            return None;
        }
        if self.version < world.compacted {
            world.faults.count(Fault::Gone);
            self.is_over = true;
            let gone = json!({
                "kind": "Status", "apiVersion": "v1", "status": "Failure",
                "reason": "Expired", "message": "too old resource version", "code": 410,
            });
            return Some(line("ERROR", &gone));
        }
        let mut text = String::new();
        for change in world
            .changes
            .iter()
            .filter(|change| change.version > self.version)
        {
            let in_namespace = self.namespace.as_ref().is_none_or(|namespace| {
                change.object["metadata"]["namespace"] == namespace.as_str()
            });
            if in_namespace && is_selected(&change.object, &self.selector) {
                text.push_str(&line(change.kind, &change.object));
            }
        }
        self.version = world.version();
        if text.is_empty() && Instant::now() > self.bookmark {
            self.bookmark = Instant::now() + BOOKMARK;
            let metadata = json!({"resourceVersion": self.version.to_string()});
            let pod = json!({"kind": "Pod", "apiVersion": "v1", "metadata": metadata});
            text = line("BOOKMARK", &pod);
        }
        (!text.is_empty()).then_some(text)
    }
}

fn line(kind: &str, object: &Value) -> String {
    format!("{}\n", json!({"type": kind, "object": object}))
}
