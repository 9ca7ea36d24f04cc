//! The catalogue's files: of a directory, or those built into the program.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rust_embed::RustEmbed;

use super::CatalogueFault;

/// Largest file that is read, in bytes.
const MAX_BYTES: usize = 1 << 20;
/// Most layers of a catalogue.
const MAX_LAYERS: usize = 500;
const HEAD: &str = "catalogue.toml";

/// The files of `tiles/` as they were when the program was built.
#[derive(RustEmbed)]
#[folder = "tiles/"]
#[include = "*.toml"]
struct BuiltIn;

/// A file's name for people, its name without `.toml`, and its text.
pub(super) struct TextFile {
    pub(super) shown: String,
    pub(super) stem: String,
    pub(super) text: String,
}

/// The catalogue's files, layers in the order of their names.
pub(super) struct Files {
    pub(super) head: Option<TextFile>,
    pub(super) layers: Vec<TextFile>,
}

pub(super) fn files_built_in() -> Files {
    let text = |name: &str| BuiltIn::get(name).map(|file| String::from_utf8_lossy(&file.data).into_owned());
    let mut files = Files { head: None, layers: Vec::new() };
    let mut names: Vec<_> = BuiltIn::iter().collect();
    names.sort_unstable();
    for name in names {
        let Some(text) = text(&name) else { continue };
        let shown = format!("tiles/{name} (built in)");
        match name.strip_prefix("layers/").and_then(|name| name.strip_suffix(".toml")) {
            Some(stem) => files.layers.push(TextFile { shown, stem: stem.to_owned(), text }),
            None if name == HEAD => files.head = Some(TextFile { shown, stem: String::new(), text }),
            None => {}
        }
    }
    files
}

pub(super) fn files_of(dir: &Path, faults: &mut Vec<CatalogueFault>) -> Files {
    let mut files = Files { head: None, layers: Vec::new() };
    let head = dir.join(HEAD);
    // A dangling link is no absent file: reading it says what is wrong.
    if head.symlink_metadata().is_ok() {
        files.head = read_text(&head, faults);
    }
    let layers = dir.join("layers");
    let mut paths = match std::fs::read_dir(&layers).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
        Ok(entries) => entries.into_iter().map(|entry| entry.path()).collect::<Vec<_>>(),
        Err(error) => {
            let expected = format!("a directory with one file per layer, such as police.incidents.toml ({error})");
            faults.push(CatalogueFault::of_file(layers.display().to_string(), expected));
            return files;
        }
    };
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    if paths.is_empty() || paths.len() > MAX_LAYERS {
        let expected = format!("1 to {MAX_LAYERS} layer files such as police.incidents.toml; found {}", paths.len());
        faults.push(CatalogueFault::of_file(layers.display().to_string(), expected));
        return files;
    }
    files.layers = paths.iter().filter_map(|path| read_text(path, faults)).collect();
    files
}

fn read_text(path: &Path, faults: &mut Vec<CatalogueFault>) -> Option<TextFile> {
    let shown = path.display().to_string();
    let mut bytes = Vec::new();
    // One byte more than allowed, so that a file that is too large is known without reading it all.
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes));
    let expected = match (read, String::from_utf8(bytes)) {
        (Err(error), _) => format!("a file that can be read ({error})"),
        (Ok(length), _) if length > MAX_BYTES => format!("a file of at most {MAX_BYTES} bytes"),
        (Ok(_), Err(_)) => "text in UTF-8".to_owned(),
        (Ok(_), Ok(text)) => {
            let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            return Some(TextFile { shown, stem, text });
        }
    };
    faults.push(CatalogueFault::of_file(shown, expected));
    None
}
