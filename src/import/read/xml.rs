//! XML as a stream, with bounds that its reader lacks, and with lines.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::produced::MAX_CELL_BYTES;
use crate::import::input::count_of;

/// How deep elements may lie in each other.
const MAX_DEPTH: usize = 200;

/// What is met in the document. Names have no prefix.
pub(super) enum Node {
    Start(String, Attributes),
    Text(String),
    End(String),
    /// The end of the document.
    Eof,
}

/// Names without prefix, and values.
pub(super) type Attributes = Vec<(String, String)>;

/// The value of an attribute.
pub(super) fn attribute<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a str> {
    attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Gives a document's nodes one by one.
pub(super) struct Xml<R> {
    reader: Reader<Watched<R>>,
    watch: Rc<Watch>,
    buffer: Vec<u8>,
    depth: usize,
    /// An element without content ends where it begins.
    pending_end: Option<String>,
}

#[derive(Default)]
struct Watch {
    line: Cell<u64>,
    since_event: Cell<usize>,
}

struct Watched<R> {
    inner: R,
    watch: Rc<Watch>,
}

impl<R: BufRead> Xml<R> {
    pub fn new(inner: R) -> Self {
        let watch = Rc::new(Watch::default());
        let mut reader = Reader::from_reader(Watched { inner, watch: Rc::clone(&watch) });
        reader.config_mut().check_end_names = true;
        Self { reader, watch, buffer: Vec::new(), depth: 0, pending_end: None }
    }

    /// The line that was read last, from 1.
    pub fn line(&self) -> u64 {
        self.watch.line.get() + 1
    }

    /// The next node; what is wrong with the document where it cannot be read on.
    pub fn next(&mut self) -> Result<Node, String> {
        if let Some(name) = self.pending_end.take() {
            return Ok(Node::End(name));
        }
        loop {
            self.buffer.clear();
            self.watch.since_event.set(0);
            let event = self.reader.read_event_into(&mut self.buffer).map_err(|error| error.to_string())?;
            match event {
                Event::Start(start) => {
                    self.depth += 1;
                    if self.depth > MAX_DEPTH {
                        return Err(format!("expected elements at most {MAX_DEPTH} deep in each other"));
                    }
                    return opened(&start).map(|(name, attributes)| Node::Start(name, attributes));
                }
                Event::Empty(start) => {
                    let (name, attributes) = opened(&start)?;
                    self.pending_end = Some(name.clone());
                    return Ok(Node::Start(name, attributes));
                }
                Event::End(end) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Node::End(end.local_name().as_ref().to_owned()));
                }
                Event::Text(text) => return Ok(Node::Text(text.xml10_content().into_owned())),
                Event::CData(text) => return Ok(Node::Text(text.into_inner().into_owned())),
                Event::GeneralRef(reference) => {
                    let resolved = match reference.resolve_char_ref().map_err(|error| error.to_string())? {
                        Some(c) => Some(c.to_string()),
                        None => {
                            quick_xml::escape::resolve_predefined_entity(&reference.into_inner()).map(str::to_owned)
                        }
                    };
                    // Entities of a document's own are how XML bombs are built: none is read.
                    return resolved.map(Node::Text).ok_or_else(|| "expected no entities but XML's own".to_owned());
                }
                Event::Eof if self.depth > 0 => return Err("the file ends in the middle: it is cut off".into()),
                Event::Eof => return Ok(Node::Eof),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
    }
}

fn opened(start: &BytesStart) -> Result<(String, Attributes), String> {
    let mut attributes = Vec::new();
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let name = attribute.key.local_name().as_ref().to_owned();
        let value = quick_xml::escape::unescape(&attribute.value).map_err(|error| error.to_string())?.into_owned();
        attributes.push((name, value));
    }
    Ok((start.local_name().as_ref().to_owned(), attributes))
}

impl<R: BufRead> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let chunk = self.fill_buf()?;
        let size = chunk.len().min(buffer.len());
        if let (Some(from), Some(to)) = (chunk.get(..size), buffer.get_mut(..size)) {
            to.copy_from_slice(from);
        }
        self.consume(size);
        Ok(size)
    }
}

impl<R: BufRead> BufRead for Watched<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.watch.since_event.get() > MAX_CELL_BYTES {
            return Err(io::Error::other(format!("a text or tag is larger than {MAX_CELL_BYTES} bytes")));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, used: usize) {
        if let Ok(chunk) = self.inner.fill_buf() {
            let lines = count_of(b'\n', chunk.get(..used).unwrap_or_default());
            self.watch.line.set(self.watch.line.get() + lines);
        }
        self.watch.since_event.set(self.watch.since_event.get() + used);
        self.inner.consume(used);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(document: &str) -> Result<String, String> {
        let mut xml = Xml::new(document.as_bytes());
        let mut all = String::new();
        loop {
            match xml.next()? {
                Node::Text(text) => all.push_str(&text),
                Node::Eof => return Ok(all),
                Node::Start(..) | Node::End(_) => {}
            }
        }
    }

    #[test]
    fn documents_are_read_with_bounds() {
        assert_eq!(texts("<a x='1'>b &amp; &#x110;<![CDATA[<c>]]><d/></a>"), Ok("b & Đ<c>".into()));
        assert!(texts("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>").is_err());
        assert!(texts(&"<a>".repeat(1000)).unwrap_err().contains("deep"));
        assert!(texts(&format!("<a>{}", "x".repeat(6 << 20))).is_err());
        assert!(texts("<a>").unwrap_err().contains("cut off"));
        assert!(texts("<a></b>").is_err());
    }
}
