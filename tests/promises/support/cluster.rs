//! A PostgreSQL cluster of a test's own, which can be killed and comes back with its data. It keeps what a power cut would
//! take from others: `fsync` is on.

use std::fs::{File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rand::Rng;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use tokio_postgres::NoTls;

/// Longest wait for a cluster to answer, its recovery included.
const START: Duration = Duration::from_mins(2);

pub struct Cluster {
    server: Option<Child>,
    bin: PathBuf,
    port: u16,
    password: String,
    dir: TempDir,
}

impl Cluster {
    /// A new cluster. None where no database is wanted for tests, which is said.
    pub async fn start() -> Option<Self> {
        super::postgres::server()?;
        let bin = binaries();
        let dir = TempDir::with_prefix("bandoso-chaos-").expect("a folder");
        let password = format!("{:032x}", rand::rng().random::<u128>());
        let (data, secret) = (dir.path().join("data"), dir.path().join("password"));
        std::fs::write(&secret, &password).expect("a file");
        std::fs::create_dir(&data).expect("a folder");
        std::fs::set_permissions(&data, Permissions::from_mode(0o700)).expect("a mode");
        std::fs::set_permissions(&secret, Permissions::from_mode(0o400)).expect("a mode");
        if is_root() {
            let number = |of: &str| {
                let told = Command::new("id").args([of, "postgres"]).output().expect("id runs").stdout;
                String::from_utf8_lossy(&told).trim().parse().expect("the user postgres")
            };
            std::fs::set_permissions(dir.path(), Permissions::from_mode(0o711)).expect("a mode");
            for path in [&data, &secret] {
                chown(path, Some(number("-u")), Some(number("-g"))).expect("an owner");
            }
        }
        let made = as_postgres(&bin.join("initdb"))
            .args(["-U", "bandoso", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"])
            .args([format!("--pwfile={}", secret.display()), format!("--pgdata={}", data.display())])
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut cluster = Self { server: None, bin, port: free_port(), password, dir };
        cluster.come_back().await;
        Some(cluster)
    }

    /// Its address, for a program of this name.
    pub fn url(&self, program: &str) -> String {
        let (password, port) = (&self.password, self.port);
        format!("postgres://bandoso:{password}@127.0.0.1:{port}/postgres?application_name={program}")
    }

    /// Kills the postmaster: its children find out and end as they can.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            // It may have ended by itself; a child that is not waited for keeps its lock file valid.
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    /// Starts it on its data, and waits until it answers. While processes of its former life go on it refuses to start.
    pub async fn come_back(&mut self) {
        let until = Instant::now() + START;
        loop {
            if self.server.as_mut().is_none_or(|server| server.try_wait().expect("its state").is_some()) {
                self.server = Some(self.spawn());
            }
            if let Ok((client, connection)) = tokio_postgres::connect(&self.url("test"), NoTls).await {
                tokio::spawn(connection);
                if client.simple_query("SELECT 1").await.is_ok() {
                    return;
                }
            }
            let log = || std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
            assert!(Instant::now() < until, "waited for PostgreSQL to answer: {}", log());
            sleep(Duration::from_millis(50)).await;
        }
    }

    fn spawn(&self) -> Child {
        let log = File::options().create(true).append(true).open(self.dir.path().join("log")).expect("a log");
        as_postgres(&self.bin.join("postgres"))
            .arg("-D")
            .arg(self.dir.path().join("data"))
            .args([format!("--port={}", self.port).as_str(), "--listen_addresses=127.0.0.1"])
            .args(["--unix_socket_directories=", "--fsync=on", "--synchronous_commit=on"])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("postgres runs")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.kill();
        // Its children leave their folder once they have found out.
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// A command that dies with the thread that starts it, whatever that dies of.
pub fn mortal(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.arg("--pdeathsig=KILL").arg(program);
    command
}

/// PostgreSQL refuses to run as root.
fn as_postgres(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.arg("--pdeathsig=KILL");
    if is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
    }
    command.arg(program).current_dir("/");
    command
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// The newest PostgreSQL that has PostGIS.
fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL, as Debian installs it");
    let names = versions.filter_map(|version| version.ok()?.file_name().into_string().ok());
    let whole = |version: &String| {
        let extension = format!("/usr/share/postgresql/{version}/extension/postgis.control");
        Path::new(&extension).exists() && Path::new(&format!("/usr/lib/postgresql/{version}/bin/initdb")).exists()
    };
    let newest = names.filter(whole).max_by_key(|version| version.parse::<u32>().unwrap_or(0));
    PathBuf::from(format!("/usr/lib/postgresql/{}/bin", newest.expect("a PostgreSQL with PostGIS")))
}

/// A port that nobody listens on, and that the system gives to nobody who asks for any.
pub fn free_port() -> u16 {
    let mut chance = rand::rng();
    let ports = std::iter::repeat_with(|| chance.random_range(20_000..32_000));
    let free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.take(100).find(free).expect("a free port")
}
