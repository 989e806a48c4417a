//! A mosquitto of one's own.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A broker on a free port of loopback, ended with the value.
pub(crate) struct Broker {
    child: Child,
    _folder: tempfile::TempDir,
    /// `127.0.0.1:port`
    pub(crate) address: String,
}

impl Broker {
    /// `None` where there is no mosquitto; says so, and fails where `CPLAN_REQUIRE` names it.
    pub(crate) fn start() -> Option<Broker> {
        let program = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto"];
        let Some(program) = program.iter().find(|p| std::path::Path::new(p).exists()) else {
            let required = std::env::var("CPLAN_REQUIRE").unwrap_or_default();
            assert!(!required.split(',').any(|c| c.trim() == "mosquitto"), "mosquitto is required and not installed");
            println!("skipped: mosquitto: the broker is not installed (apt-get install mosquitto)");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = folder.path().join("mosquitto.conf");
        let mut file = std::fs::File::create(&config).unwrap();
        writeln!(file, "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true")
            .unwrap();
        let child = Command::new(program).arg("-c").arg(&config).stderr(Stdio::null()).spawn().unwrap();
        let broker = Broker { child, _folder: folder, address: format!("127.0.0.1:{port}") };
        let begun = Instant::now();
        while TcpStream::connect(&broker.address).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(60), "mosquitto does not listen on {}", broker.address);
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(broker)
    }

    /// Ends it now.
    pub(crate) fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.stop();
    }
}
