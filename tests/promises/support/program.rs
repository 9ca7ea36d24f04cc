//! The built program, run in a folder of its own.

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use bandoso::model::{Feature, LayerId};
use tempfile::TempDir;
use tokio::sync::mpsc;

/// A folder with a store `map.gpkg` that does not exist yet.
pub struct Desk {
    dir: TempDir,
}

/// What the program said.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Desk {
    pub fn new() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file into the folder.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The program with the words, divided by spaces, in the folder.
    pub fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bandoso"));
        let ours =
            std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_string_lossy().starts_with("BANDOSO_"));
        ours.for_each(|name| {
            command.env_remove(name);
        });
        command
            .args(words.split_whitespace())
            .current_dir(self.dir.path())
            .env("BANDOSO_STORE", "map.gpkg")
            .env_remove("RUST_LOG");
        command.stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, words: &str) -> Said {
        said(self.command(words).output().unwrap())
    }

    /// Runs the program, which must end well; its answer.
    pub fn done(&self, words: &str) -> String {
        let said = self.run(words);
        assert_eq!(said.code, Some(0), "bandoso {words}: {}{}", said.out, said.err);
        said.out
    }

    /// Starts the program; `answer` and complaints can be read from it.
    pub fn start(&self, words: &str) -> Child {
        self.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// The features of a layer, by id.
    pub fn features(&self, layer: &str) -> Vec<Feature> {
        let catalogue = bandoso::config::load_catalogue(None).unwrap();
        let layer = catalogue.layer(&LayerId::parse("layer", layer).unwrap()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = bandoso::store::open(&self.path("map.gpkg").display().to_string()).await.unwrap();
            store.prepare(&catalogue).await.unwrap();
            let (sender, mut rows) = mpsc::channel(1);
            let (loaded, mut features) = tokio::join!(store.load(layer, sender), async {
                let mut features = Vec::new();
                while let Some(batch) = rows.recv().await {
                    features.extend(batch);
                }
                features
            });
            loaded.unwrap();
            features.sort_by_key(|feature| feature.id);
            features
        })
    }
}

/// Sends a signal (`INT`, `TERM`, `KILL`) to a program that was started.
pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success(), "SIG{name} could not be sent");
}

pub fn said(output: Output) -> Said {
    Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A file of the project's fixtures.
pub fn fixture(name: &str) -> String {
    format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A file of the shared data, which tests may read and the project never carries. `None`, told on the output, where it is
/// missing; in CI that is a failure.
pub fn shared(name: &str) -> Option<String> {
    let root = std::env::var("BANDOSO_SHARED")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data").to_owned());
    let path = format!("{root}/{name}");
    if std::path::Path::new(&path).exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{path} is missing");
    eprintln!("skipped: {path} is missing");
    None
}
