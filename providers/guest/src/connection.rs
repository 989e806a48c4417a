//! An MQTT 3.1.1 connection at QoS 0 over plain TCP: rumqttc's packets on two blocking halves.
//!
//! rumqttc's own client reads and writes in one task, so an answer that arrives during a slow write is seen late; here one
//! thread reads while another writes, and an arrival is timed when it arrives. Keep-alive is off (0,
//! MQTT 3.1.1 §3.1.2.10), so nothing but the load is on the wire.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use rumqttc::mqttbytes::v4::{Connect, ConnectReturnCode, Packet, Publish, Subscribe, SubscribeReasonCode};
use rumqttc::mqttbytes::{self, QoS};

/// The largest packet of MQTT 3.1.1 (§2.2.3).
const LARGEST: usize = 268_435_460;
/// How long a read waits before its caller may look at the clock.
const PATIENCE: Duration = Duration::from_millis(50);
/// How long one write may take: a broker that reads nothing for so long is gone.
const WRITE_LIMIT: Duration = Duration::from_secs(30);

/// How a connection fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectionError {
    /// No connection within the time limit.
    #[error("the broker at {broker} does not answer within {} s", waited.as_secs_f64())]
    Connect {
        /// Where it should be.
        broker: String,
        /// How long was waited.
        waited: Duration,
        /// What was seen last.
        #[source]
        source: std::io::Error,
    },
    /// It answers and refuses.
    #[error("the broker refused: {0}")]
    Refused(String),
    /// It hung up.
    #[error("the broker closed the connection")]
    Closed,
    /// The network failed.
    #[error("the connection to the broker broke")]
    Broken(#[from] std::io::Error),
    /// Not MQTT.
    #[error("the broker sent what is not MQTT 3.1.1")]
    Protocol(#[from] mqttbytes::Error),
}

/// The writing half.
#[derive(Debug)]
pub(crate) struct Writer {
    stream: TcpStream,
    buffer: BytesMut,
}

/// The reading half.
#[derive(Debug)]
pub(crate) struct Reader {
    stream: TcpStream,
    buffer: BytesMut,
}

/// Connects, trying again until `limit` because a broker may just be starting, and subscribes to `filter`.
pub(crate) fn connect(
    broker: &str,
    client: &str,
    filter: &str,
    limit: Duration,
) -> Result<(Writer, Reader), ConnectionError> {
    let begun = Instant::now();
    let stream = loop {
        match open(broker) {
            Ok(stream) => break stream,
            Err(source) if begun.elapsed() >= limit => {
                return Err(ConnectionError::Connect { broker: broker.to_owned(), waited: begun.elapsed(), source });
            }
            Err(_) => std::thread::sleep(PATIENCE),
        }
    };
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(WRITE_LIMIT))?;
    let mut reader = Reader { stream: stream.try_clone()?, buffer: BytesMut::new() };
    let mut writer = Writer { stream, buffer: BytesMut::new() };
    let deadline = begun + limit;
    writer.send(&Packet::Connect(Connect { keep_alive: 0, ..Connect::new(client) }))?;
    match reader.wait(deadline)? {
        Packet::ConnAck(ack) if ack.code == ConnectReturnCode::Success => {}
        other => return Err(ConnectionError::Refused(format!("{other:?}"))),
    }
    let mut subscribe = Subscribe::new(filter, QoS::AtMostOnce);
    subscribe.pkid = 1;
    writer.send(&Packet::Subscribe(subscribe))?;
    match reader.wait(deadline)? {
        Packet::SubAck(ack) if !ack.return_codes.contains(&SubscribeReasonCode::Failure) => Ok((writer, reader)),
        other => Err(ConnectionError::Refused(format!("{other:?}"))),
    }
}

fn open(broker: &str) -> std::io::Result<TcpStream> {
    let mut last = std::io::Error::new(ErrorKind::InvalidInput, "the address names nothing");
    for address in broker.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, Duration::from_secs(5)) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl Writer {
    /// Publishes at QoS 0; blocks while the socket's buffer is full.
    pub(crate) fn publish(&mut self, topic: &str, payload: Bytes) -> Result<(), ConnectionError> {
        self.send(&Packet::Publish(Publish::from_bytes(topic, QoS::AtMostOnce, payload)))
    }

    /// Says goodbye; a broker that is gone already does not matter.
    pub(crate) fn disconnect(&mut self) {
        let _ = self.send(&Packet::Disconnect);
    }

    fn send(&mut self, packet: &Packet) -> Result<(), ConnectionError> {
        self.buffer.clear();
        packet.write(&mut self.buffer, LARGEST)?;
        Ok(self.stream.write_all(&self.buffer)?)
    }
}

impl Reader {
    /// The next message; `None` when none came for a moment.
    pub(crate) fn next(&mut self) -> Result<Option<Publish>, ConnectionError> {
        match self.packet()? {
            Some(Packet::Publish(publish)) => Ok(Some(publish)),
            _ => Ok(None),
        }
    }

    fn wait(&mut self, deadline: Instant) -> Result<Packet, ConnectionError> {
        loop {
            if let Some(packet) = self.packet()? {
                return Ok(packet);
            }
            if Instant::now() >= deadline {
                return Err(ConnectionError::Refused("no answer to a request within the time limit".into()));
            }
        }
    }

    fn packet(&mut self) -> Result<Option<Packet>, ConnectionError> {
        loop {
            match Packet::read(&mut self.buffer, LARGEST) {
                Ok(packet) => return Ok(Some(packet)),
                Err(mqttbytes::Error::InsufficientBytes(_)) => {}
                Err(error) => return Err(error.into()),
            }
            let mut chunk = [0; 16 * 1024];
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(ConnectionError::Closed),
                Ok(n) => self.buffer.extend_from_slice(&chunk[..n]),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return Ok(None),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
    }
}
