//! The servers that are measured, each on a free port of the loopback address.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::load::Client;
use crate::process;

/// A server that ends with its value.
pub struct Server {
    child: Child,
    pub port: u16,
}

impl Server {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn cpu_seconds(&self) -> f64 {
        process::cpu_seconds(self.pid())
    }

    /// Waits until a path is answered with 200 or 204; gives the seconds since `started`.
    pub fn wait_for(&mut self, path: &str, started: Instant) -> f64 {
        let mut client = Client::new(self.port);
        while !matches!(client.get(path, ""), Some(200 | 204)) {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "a server ended before it answered {path}; its log is in target/bench-peers/log");
            assert!(started.elapsed() < Duration::from_mins(20), "a server does not answer {path}");
            std::thread::sleep(Duration::from_millis(10));
        }
        started.elapsed().as_secs_f64()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// One core or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cores {
    One,
    All,
}

/// Where the programs and files of the bench are.
#[derive(Debug, Clone, clap::Args)]
pub struct Places {
    /// The server that is measured
    #[arg(long)]
    pub bandoso: String,
    /// An earlier build of it, for the case `before`
    #[arg(long)]
    pub before: Option<String>,
    /// The peer
    #[arg(long)]
    pub martin: String,
    /// Where data, logs and figures are kept
    #[arg(long)]
    pub dir: String,
    /// The catalogue with the layer bench.points
    #[arg(long)]
    pub tiles: String,
}

impl Places {
    fn spawn(&self, name: &str, command: &mut Command, port: u16) -> Server {
        let logs = Path::new(&self.dir).join("log");
        fs::create_dir_all(&logs).unwrap();
        let log = fs::File::create(logs.join(name)).unwrap();
        let command = command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().unwrap_or_else(|error| panic!("{name}: {error}"));
        Server { child, port }
    }

    /// Bandoso on a store, with so many MiB of cache.
    pub fn bandoso(&self, store: &str, cache_mb: u64, cores: Cores) -> Server {
        let port = free_port();
        let mut command = match cores {
            Cores::All => Command::new(&self.bandoso),
            Cores::One => {
                let mut command = Command::new("taskset");
                command.args(["-c", "0", &self.bandoso]);
                command
            }
        };
        // By the environment: the address of a database holds its password.
        command.env("BANDOSO_STORE", store).env("BANDOSO_LOG", "warn");
        command.args(["serve", "--tiles", &self.tiles, "--listen", &format!("127.0.0.1:{port}")]);
        command.args(["--cache-mb", &cache_mb.to_string()]);
        self.spawn("bandoso", &mut command, port)
    }

    /// Martin on the same tables, with so many MiB of cache for tiles. Four connections to the database keep two cores busy
    /// and its largest tiles in memory.
    pub fn martin(&self, database: &str, cache_mb: u64) -> Server {
        let port = free_port();
        let cache =
            if cache_mb == 0 { "size_mb: 0".to_owned() } else { format!("size_mb: 64\n  tile_size_mb: {cache_mb}") };
        let config = format!(
            "listen_addresses: '127.0.0.1:{port}'
worker_processes: 2
cache:
  {cache}
postgres:
  connection_string: '{database}'
  pool_size: 4
  auto_publish: false
  auto_bounds: skip
  tables:
    points:
      schema: bench
      table: points
      srid: 4326
      geometry_column: geom
      geometry_type: POINT
      id_column: id
      extent: 4096
      buffer: 64
      properties: {{category: text, severity: text, status: text, source: text}}
    communes:
      schema: bench
      table: communes
      srid: 4326
      geometry_column: geom
      geometry_type: MULTIPOLYGON
      id_column: id
      extent: 4096
      buffer: 64
      properties: {{code: text, name: text, full_name: text, kind: text, level: text, parent: text, valid_from: text, valid_to: text}}
"
        );
        self.martin_with(port, &config)
    }

    /// Martin on a `PMTiles` file, its cache of directories as it comes.
    pub fn martin_of_file(&self, file: &Path) -> Server {
        let port = free_port();
        let file = file.display();
        let config = format!(
            "listen_addresses: '127.0.0.1:{port}'\nworker_processes: 2\npmtiles:\n  sources:\n    session: '{file}'\n"
        );
        self.martin_with(port, &config)
    }

    fn martin_with(&self, port: u16, config: &str) -> Server {
        let file = Path::new(&self.dir).join("martin.yaml");
        fs::write(&file, config).unwrap();
        let mut command = Command::new(&self.martin);
        command.arg("--config").arg(&file).env("RUST_LOG", "warn");
        self.spawn("martin", &mut command, port)
    }

    /// A bare axum server whose every tile is the same file, or each one a file of a folder.
    pub fn bare(&self, body: &Path) -> Server {
        let port = free_port();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("bare").arg(body).arg(port.to_string());
        self.spawn("bare", &mut command, port)
    }
}
