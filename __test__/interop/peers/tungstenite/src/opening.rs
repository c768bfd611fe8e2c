//! Opening connections, in either role.

use std::cell::Cell;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::channel;

use rustls::ServerConfig;
use serde_json::{Map, Value, json};
use tungstenite::handshake::server::{Request, Response};
use tungstenite::http::Uri;
use tungstenite::http::header::{HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{ClientRequestBuilder, accept_hdr_with_config, client};

use crate::connection::{Connection, Connections, Stream};
use crate::feed::Feed;
use crate::protocol::{Command, report};
use crate::{Result, spawn, tls};

const MAX_BYTES: usize = 16 * 1024 * 1024;

fn config() -> WebSocketConfig {
    let sizes = WebSocketConfig::default().max_message_size(Some(MAX_BYTES));
    sizes.max_frame_size(Some(MAX_BYTES))
}

/// Carries out `connect`: opens the connection and stays with it to its end.
pub fn connect(command: &Command, connections: &Connections) -> Result {
    let uri: Uri = command.text("url").parse()?;
    let port = uri.port_u16().ok_or("a URL without a port")?;
    let (events, incoming) = channel();
    let waits = Rc::new(Cell::new(true));
    let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let feed = Feed::new(socket, events.clone(), Rc::clone(&waits))?;
    let stream: Box<dyn Stream> = match uri.scheme_str() {
        Some("wss") => Box::new(tls::connect(command.text("ca"), feed)?),
        _ => Box::new(feed),
    };

    let mut request = ClientRequestBuilder::new(uri);
    for (name, value) in command.head["headers"].as_object().into_iter().flatten() {
        request = request.with_header(name, value.as_str().unwrap_or_default());
    }
    for protocol in command.texts("protocols") {
        request = request.with_sub_protocol(protocol);
    }
    let (socket, response) = client::client_with_config(request, stream, Some(config()))
        .map_err(|error| error.to_string())?;
    waits.set(false);

    let protocol = protocol_of(response.headers().get(SEC_WEBSOCKET_PROTOCOL));
    connections.add(command.id(), events);
    report(command.id(), "open", json!({ "protocol": protocol }), &[]);
    Connection::new(command.id(), socket, incoming).run(connections)
}

/// Carries out `serve`: listens to the end of the program.
pub fn serve(command: &Command, connections: &Arc<Connections>) -> Result {
    let files = &command.head["tls"];
    let tls = match (files["cert"].as_str(), files["key"].as_str()) {
        (Some(cert), Some(key)) => Some(tls::server_config(cert, key)?),
        _ => None,
    };
    let protocols: Arc<[String]> = command.texts("protocols").map(str::to_owned).collect();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    report(command.id(), "listening", json!({ "port": port }), &[]);
    for (count, socket) in (1..).zip(listener.incoming()) {
        let socket = socket?;
        let accepting = Accepting {
            server: command.id().to_owned(),
            id: format!("{}.{count}", command.id()),
            tls: tls.clone(),
            protocols: Arc::clone(&protocols),
        };
        let connections = Arc::clone(connections);
        // A client that gives up is told of by the client.
        spawn(&accepting.id.clone(), move || {
            accepting.run(socket, &connections)
        });
    }
    Ok(())
}

/// A connection that a server accepts.
struct Accepting {
    server: String,
    id: String,
    tls: Option<Arc<ServerConfig>>,
    protocols: Arc<[String]>,
}

impl Accepting {
    #[expect(
        clippy::result_large_err,
        reason = "the crate wants a callback with such an error"
    )]
    fn run(self, socket: TcpStream, connections: &Connections) -> Result {
        let (events, incoming) = channel();
        let waits = Rc::new(Cell::new(true));
        let feed = Feed::new(socket, events.clone(), Rc::clone(&waits))?;
        let stream: Box<dyn Stream> = match &self.tls {
            Some(config) => Box::new(tls::accept(config, feed)?),
            None => Box::new(feed),
        };

        let mut headers = Map::new();
        let mut protocol = String::new();
        let answer = |request: &Request, mut response: Response| {
            for (name, value) in request.headers() {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                headers.insert(name.to_string(), Value::String(value));
            }
            let offered = protocol_of(request.headers().get(SEC_WEBSOCKET_PROTOCOL));
            let mut offered = offered.split(',').map(str::trim);
            if let Some(chosen) = offered.find(|name| self.protocols.iter().any(|own| own == name))
            {
                chosen.clone_into(&mut protocol);
                let value = HeaderValue::from_str(chosen).expect("it was the value of a header");
                response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, value);
            }
            Ok(response)
        };
        let socket = accept_hdr_with_config(stream, answer, Some(config()))
            .map_err(|error| error.to_string())?;
        waits.set(false);

        connections.add(&self.id, events);
        let opened = json!({ "server": self.server, "protocol": protocol, "headers": headers });
        report(&self.id, "open", opened, &[]);
        Connection::new(&self.id, socket, incoming).run(connections)
    }
}

fn protocol_of(header: Option<&HeaderValue>) -> String {
    header
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}
