//! Where a piece of configuration stands: source files and byte ranges in them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The index of a file in a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub u32);

/// A half-open byte range in one source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub source: SourceId,
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span from byte offsets.
    pub fn new(source: SourceId, start: usize, end: usize) -> Self {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Span { source, start: clamp(start), end: clamp(end) }
    }

    /// Whether two spans have a byte in common.
    pub fn overlaps(self, other: Span) -> bool {
        self.source == other.source && self.start < other.end && other.start < self.end
    }
}

/// One file as it was read.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The path as users should see it (relative to the root module where possible).
    pub path: PathBuf,
    /// The text.
    pub text: Arc<str>,
}

/// A piece of a text that was made from files, and the piece of a file that it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where it begins in the made text, in bytes.
    pub start: u32,
    /// Where it ends there.
    pub end: u32,
    /// What it stands for. Where both are of the same length, byte for byte.
    pub origin: Span,
}

/// All files that a configuration was read from, and the texts that were made of them.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
    made: Vec<Vec<Piece>>,
}

/// Ids from here on are of made texts.
const MADE: u32 = 1 << 31;

impl SourceMap {
    /// Adds a file and gives its id.
    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<Arc<str>>) -> SourceId {
        let id = SourceId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(SourceFile { path: path.into(), text: text.into() });
        id
    }

    /// Adds a text that was made from files, such as JSON written as blocks, and gives its id. The pieces stand in the
    /// order of the made text. Places in it are places in the files: see [`SourceMap::resolve`].
    pub fn add_made(&mut self, pieces: Vec<Piece>) -> SourceId {
        let id = SourceId(MADE | u32::try_from(self.made.len()).unwrap_or(0));
        self.made.push(pieces);
        id
    }

    /// The same, with the pieces to come: see [`SourceMap::set_made`].
    pub fn reserve_made(&mut self) -> SourceId {
        self.add_made(Vec::new())
    }

    /// Gives a made text its pieces.
    pub fn set_made(&mut self, id: SourceId, pieces: Vec<Piece>) {
        if let Some(made) = id.0.checked_sub(MADE).and_then(|i| self.made.get_mut(i as usize)) {
            *made = pieces;
        }
    }

    /// The place in a file that a span means; itself, if it is in a file already.
    pub fn resolve(&self, span: Span) -> Span {
        let Some(pieces) = span.source.0.checked_sub(MADE).and_then(|i| self.made.get(i as usize)) else { return span };
        // The last piece that begins at or before a byte.
        let at = |byte: u32| pieces[..pieces.partition_point(|p| p.start <= byte)].last().or(pieces.first());
        let Some(first) = at(span.start) else { return span };
        let exact = |p: &Piece| p.end - p.start == p.origin.end - p.origin.start;
        let start = match first {
            p if span.start < p.start => p.origin.start,
            p if span.start >= p.end => p.origin.end,
            p if exact(p) => p.origin.start + (span.start - p.start),
            p => p.origin.start,
        };
        let source = first.origin.source;
        let Some(last) = at(span.end.max(span.start + 1) - 1).filter(|p| p.origin.source == source) else {
            return Span { source, start, end: first.origin.end };
        };
        let end = match last {
            p if exact(p) && span.end < p.end => p.origin.start + span.end.saturating_sub(p.start),
            p => p.origin.end,
        };
        Span { source, start, end: end.max(start) }
    }

    /// The file that a span is in, and the span there.
    pub fn find(&self, span: Span) -> Option<(&SourceFile, Span)> {
        let span = self.resolve(span);
        Some((self.get(span.source)?, span))
    }

    /// The file of an id; ids come from [`SourceMap::add`] of the same map.
    pub fn get(&self, id: SourceId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// All files with their ids, in the order of addition.
    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &SourceFile)> {
        self.files.iter().enumerate().map(|(i, f)| (SourceId(u32::try_from(i).unwrap_or(u32::MAX)), f))
    }

    /// Path, one-based line and one-based column (in characters) of a span's first byte.
    pub fn locate(&self, span: Span) -> Option<(&Path, usize, usize)> {
        let (file, span) = self.find(span)?;
        let upto = file.text.get(..(span.start as usize).min(file.text.len()))?;
        let line = upto.matches('\n').count() + 1;
        let column = upto.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        Some((&file.path, line, column))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_a_made_text_are_places_in_its_file() {
        let mut sources = SourceMap::default();
        let file = sources.add("a.json", "{\"x\": \"a\\nb\"}");
        let piece = |start, end, from, to| Piece { start, end, origin: Span::new(file, from, to) };
        // x = "a..b", where the name is exact and the text is not.
        let made = sources.add_made(vec![piece(0, 1, 2, 3), piece(4, 10, 6, 12), piece(12, 13, 12, 13)]);
        let at = |start, end| {
            let span = sources.resolve(Span::new(made, start, end));
            assert_eq!(span.source, file);
            (span.start, span.end)
        };
        assert_eq!(at(0, 1), (2, 3));
        assert_eq!(at(5, 6), (7, 8));
        assert_eq!(at(0, 10), (2, 12));
        assert_eq!(at(12, 13), (12, 13));
        assert_eq!(at(20, 21), (13, 13));
        assert_eq!(sources.locate(Span::new(made, 5, 6)).unwrap().2, 8);
        assert!(sources.get(made).is_none());
    }
}
