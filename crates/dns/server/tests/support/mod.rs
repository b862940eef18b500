//! A running server with a small zone, a client of its own, and an upstream that the tests script.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests; each test uses some"
)]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use arc_swap::ArcSwap;
use domain::base::iana::Rcode;
use domain::base::{Message, ToName};
use domain::rdata::AllRecordData;
use kinglet_dns_server::{DnsServer, DnsServerSettings, Upstreams};
use kinglet_dns_wire::Name;
use kinglet_dns_zone::{Snapshot, ZoneBuilder, ZoneSettings};
use kinglet_model::{Endpoint, EndpointSlice, Meta, Namespace, Service, ServicePort, ServiceType, wellknown};
use prometheus_client::registry::Registry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// No reply takes that long.
pub const DEADLINE: Duration = Duration::from_secs(20);

pub struct Server {
    pub address: SocketAddr,
    pub snapshot: Arc<ArcSwap<Snapshot>>,
    pub registry: Registry,
    cancelled: CancellationToken,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    /// Starts a server on a free port; questions outside of the zone go to these upstreams.
    pub async fn start(upstreams: Vec<SocketAddr>) -> Self {
        let mut settings = DnsServerSettings::default();
        settings.forward.upstreams = Upstreams::Addresses(upstreams);
        settings.forward.attempt = Duration::from_millis(500);
        Self::with(settings).await
    }

    pub async fn with(settings: DnsServerSettings) -> Self {
        let settings = DnsServerSettings {
            listen: vec![SocketAddr::from(([127, 0, 0, 1], 0))],
            workers: 2,
            ..settings
        };
        let server = DnsServer::bind(settings).unwrap();
        let (address, mut registry) = (server.local_addr(), Registry::default());
        server.register(&mut registry);
        let snapshot = Arc::new(ArcSwap::new(zone().snapshot(1)));
        let cancelled = CancellationToken::new();
        let task = tokio::spawn(server.serve(snapshot.clone(), cancelled.clone()));
        Self {
            address,
            snapshot,
            registry,
            cancelled,
            task,
        }
    }

    pub async fn udp(&self, query: &[u8]) -> Vec<u8> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        socket.send_to(query, self.address).await.unwrap();
        receive(&socket).await
    }

    pub async fn tcp(&self) -> Connection {
        Connection(TcpStream::connect(self.address).await.unwrap())
    }

    /// The metrics as text.
    pub fn metrics(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        text
    }

    /// Waits until the metrics contain these lines; `ADDRESS` stands for the server's. Counting may follow
    /// sending.
    pub async fn shows(&self, lines: &[&str]) {
        let deadline = tokio::time::Instant::now() + DEADLINE;
        for line in lines {
            let line = line.replace("ADDRESS", &self.address.to_string());
            while !self.metrics().contains(&line) {
                assert!(
                    tokio::time::Instant::now() < deadline,
                    "{line} is not in\n{}",
                    self.metrics()
                );
                tokio::task::yield_now().await;
            }
        }
    }

    /// Ends the server and waits for it.
    pub async fn stop(self) {
        self.cancelled.cancel();
        tokio::time::timeout(DEADLINE, self.task)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }
}

pub async fn receive(socket: &UdpSocket) -> Vec<u8> {
    let mut reply = vec![0; 65_535];
    let len = tokio::time::timeout(DEADLINE, socket.recv(&mut reply))
        .await
        .unwrap()
        .unwrap();
    reply.truncate(len);
    reply
}

pub struct Connection(pub TcpStream);

impl Connection {
    pub async fn send(&mut self, query: &[u8]) {
        self.0.write_all(&framed(query)).await.unwrap();
    }

    /// The next reply; none if the server closed the connection.
    pub async fn receive(&mut self) -> Option<Vec<u8>> {
        let read = async {
            let mut reply = vec![0; usize::from(self.0.read_u16().await.ok()?)];
            self.0.read_exact(&mut reply).await.ok()?;
            Some(reply)
        };
        tokio::time::timeout(DEADLINE, read).await.unwrap()
    }
}

pub fn framed(message: &[u8]) -> Vec<u8> {
    let mut framed = (message.len() as u16).to_be_bytes().to_vec();
    framed.extend_from_slice(message);
    framed
}

/// A query with RD; `edns` adds an OPT record with this size.
pub fn query(id: u16, name: &str, rtype: u16, edns: Option<u16>) -> Vec<u8> {
    let mut query = id.to_be_bytes().to_vec();
    query.extend_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(edns.is_some())]);
    query.extend_from_slice(Name::parse(name).unwrap().as_wire());
    query.extend_from_slice(&rtype.to_be_bytes());
    query.extend_from_slice(&[0, 1]);
    if let Some(size) = edns {
        query.extend_from_slice(&[0, 0, 41]);
        query.extend_from_slice(&size.to_be_bytes());
        query.extend_from_slice(&[0; 6]);
    }
    query
}

/// A decoded reply.
#[derive(Debug)]
pub struct Reply {
    pub id: u16,
    pub rcode: Rcode,
    pub authoritative: bool,
    pub truncated: bool,
    /// `type data` of the answer section.
    pub answer: Vec<String>,
    pub authority: Vec<String>,
    pub additional: usize,
    /// The UDP size of the OPT record.
    pub edns: Option<u16>,
    /// All owner names of the answer section.
    pub owners: Vec<String>,
}

pub fn decode(message: &[u8]) -> Reply {
    let message = Message::from_octets(message.to_vec()).unwrap();
    let header = message.header();
    let (_, answer, authority, additional) = message.sections().unwrap();
    let text = |record: domain::base::ParsedRecord<'_, Vec<u8>>| {
        let record = record.into_any_record::<AllRecordData<_, _>>().unwrap();
        format!("{} {}", record.rtype(), record.data())
    };
    Reply {
        id: header.id(),
        rcode: header.rcode(),
        authoritative: header.aa(),
        truncated: header.tc(),
        owners: answer
            .map(|record| record.unwrap().owner().fmt_with_dot().to_string())
            .collect(),
        answer: answer.map(|record| text(record.unwrap())).collect(),
        authority: authority.map(|record| text(record.unwrap())).collect(),
        additional: additional.count(),
        edns: message.opt().map(|opt| opt.udp_payload_size()),
    }
}

fn meta(namespace: &str, name: &str) -> Meta {
    Meta {
        name: name.into(),
        namespace: namespace.into(),
        ..Meta::default()
    }
}

/// `web` (one address), `many` (headless, 80 addresses), `huge` (5,000), `alias` (ExternalName
/// www.example.com).
pub fn zone() -> ZoneBuilder {
    let mut zone = ZoneBuilder::new(&ZoneSettings::default()).unwrap();
    zone.apply_namespace(&Namespace {
        metadata: meta("", "default"),
    });
    let service = |name| Service {
        metadata: meta("default", name),
        ports: vec![ServicePort {
            name: "http".into(),
            port: 80,
            ..ServicePort::default()
        }],
        ..Service::default()
    };
    zone.apply_service(&Service {
        cluster_ips: vec![[10, 43, 0, 20].into()],
        ..service("web")
    });
    zone.apply_service(&Service {
        service_type: ServiceType::ExternalName,
        external_name: Some("www.example.com".into()),
        ..service("alias")
    });
    for (name, count) in [("many", 80), ("huge", 5_000)] {
        zone.apply_service(&Service {
            headless: true,
            ..service(name)
        });
        let mut metadata = meta("default", name);
        metadata
            .labels
            .insert(wellknown::LABEL_SERVICE_NAME.into(), name.into());
        let endpoints = (0..count).map(|number: u16| Endpoint {
            addresses: vec![format!("10.42.{}.{}", number / 250, number % 250).into()],
            ..Endpoint::default()
        });
        zone.apply_endpoint_slice(&EndpointSlice {
            metadata,
            endpoints: endpoints.collect(),
            ..EndpointSlice::default()
        });
    }
    zone.set_synced();
    zone
}

/// What an upstream does with a query over UDP or TCP: a reply to send, or nothing.
pub type Script = fn(query: &[u8], tcp: bool) -> Option<Vec<u8>>;

/// A server that answers by a script, over UDP and TCP on the same port.
pub struct Upstream {
    pub address: SocketAddr,
    pub asked_udp: Arc<AtomicUsize>,
    pub asked_tcp: Arc<AtomicUsize>,
    tasks: Vec<JoinHandle<()>>,
}

impl Upstream {
    pub async fn start(script: Script) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let socket = UdpSocket::bind(address).await.unwrap();
        let (asked_udp, asked_tcp) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (count_udp, count_tcp) = (asked_udp.clone(), asked_tcp.clone());
        let udp = tokio::spawn(async move {
            let mut query = vec![0; 4096];
            while let Ok((len, peer)) = socket.recv_from(&mut query).await {
                count_udp.fetch_add(1, SeqCst);
                if let Some(reply) = script(&query[..len], false) {
                    socket.send_to(&reply, peer).await.unwrap();
                }
            }
        });
        let tcp = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count_tcp.fetch_add(1, SeqCst);
                let mut connection = Connection(stream);
                if let Some(query) = connection.receive().await
                    && let Some(reply) = script(&query, true)
                {
                    connection.send(&reply).await;
                }
            }
        });
        Self {
            address,
            asked_udp,
            asked_tcp,
            tasks: vec![udp, tcp],
        }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// A reply to `query` with these flags and so many A records 192.0.2.1, 192.0.2.2 and so on.
pub fn reply_to(query: &[u8], flags: u16, addresses: u16) -> Vec<u8> {
    let mut end = 12;
    while query[end] != 0 {
        end += 1 + usize::from(query[end]);
    }
    let mut reply = query[..2].to_vec();
    reply.extend_from_slice(&flags.to_be_bytes());
    reply.extend_from_slice(&[0, 1]);
    reply.extend_from_slice(&addresses.to_be_bytes());
    reply.extend_from_slice(&[0, 0, 0, 0]);
    reply.extend_from_slice(&query[12..end + 5]);
    for number in 1..=addresses {
        reply.extend_from_slice(&[0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0]);
        reply.extend_from_slice(&(512 + number).to_be_bytes());
    }
    reply
}
