//! From the web: resumed where it broke off, and only what has the expected digest counts.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use cplan_sdk::Context;

use super::super::cache::{digest_of, make_dir, step};
use super::super::process;
use super::{ImageCache, ImageError};

/// The file at an address, once its digest is right. What came of an earlier attempt is gone on with; what has another
/// digest is thrown away, since it cannot be told where it went wrong.
pub(super) fn fetch(ctx: &Context, cache: &ImageCache, url: &str, sha256: &str) -> Result<PathBuf, ImageError> {
    let folder = cache.root().join("downloads");
    make_dir(&folder)?;
    let part = folder.join(format!("{sha256}.part"));
    let digest = |part: &Path| digest_of(part).map(|(_, found)| found).map_err(|e| ImageError::io("read", part, e));
    // The last attempt may have ended between the last byte and the look at it.
    if part.exists() && digest(&part)? == sha256 {
        return Ok(part);
    }
    step(ctx, &format!("fetching {url}"))?;
    let length = || std::fs::metadata(&part).map_or(0, |m| m.len());
    let (mut before, mut anew, mut broken_off) = (length(), false, None);
    while let Err(error) = get(ctx, url, &part) {
        match status(&error) {
            // The server cannot go on in the middle (RFC 9110 §14.2), nor can curl.
            Some(33 | 36) if part.exists() && !anew => {
                anew = true;
                std::fs::remove_file(&part).map_err(|e| ImageError::io("remove", &part, e))?;
            }
            // Broken off, or too slow, but further than before.
            Some(18 | 28 | 56 | 92) if length() > before => {
                ctx.progress.log("broken off, and gone on with\n");
                broken_off = Some(error);
            }
            // It breaks off whatever is tried, which says more than that it does not go on in the middle.
            Some(33 | 36) if broken_off.is_some() => return Err(broken_off.unwrap_or(error)),
            Some(23) => {
                let why = "the file cannot be written to its end: is the disk full?";
                return Err(ImageError::io("write", &part, std::io::Error::new(ErrorKind::StorageFull, why)));
            }
            _ => return Err(error),
        }
        before = length();
    }
    let found = digest(&part)?;
    if found == sha256 {
        return Ok(part);
    }
    std::fs::remove_file(&part).map_err(|e| ImageError::io("remove", &part, e))?;
    Err(ImageError::OtherContent { file: url.to_owned(), wanted: sha256.to_owned(), found })
}

/// What curl ended with (curl(1), "EXIT CODES"), if it did.
fn status(error: &ImageError) -> Option<u32> {
    match error {
        ImageError::Command { outcome, .. } => outcome.strip_prefix("exited with ")?.parse().ok(),
        _ => None,
    }
}

/// curl knows proxies, certificates and redirections; how far it came is told while it runs.
fn get(ctx: &Context, url: &str, part: &Path) -> Result<(), ImageError> {
    let headers = part.with_extension("headers");
    let mut command = Command::new("curl");
    command.args([
        "--fail",
        "--location",
        "--silent",
        "--show-error",
        "--continue-at",
        "-",
        "--proto",
        "=http,https,file",
    ]);
    command.args([
        "--retry",
        "5",
        "--retry-connrefused",
        "--connect-timeout",
        "30",
        "--speed-limit",
        "1",
        "--speed-time",
        "60",
    ]);
    command.arg("--dump-header").arg(&headers).arg("--output").arg(part).arg("--").arg(url);
    let progress = || {
        let text = std::fs::read_to_string(&headers).unwrap_or_default();
        let done = std::fs::metadata(part).map_or(0, |m| m.len());
        how_far(done, total(&text))
    };
    let outcome = process::watch(ctx, &mut command, &format!("curl {url}"), &progress);
    let _ = std::fs::remove_file(&headers);
    outcome
}

/// The length of the whole, from the headers of the last answer.
fn total(headers: &str) -> Option<u64> {
    let last = headers.rsplit("HTTP/").find(|part| !part.trim().is_empty())?;
    let field = |name: &str| {
        last.lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(n, _)| n.trim().eq_ignore_ascii_case(name))
            .map(|(_, v)| v.trim())
    };
    match field("content-range").and_then(|range| range.rsplit_once('/')) {
        Some((_, whole)) => whole.parse().ok(),
        None => field("content-length")?.parse().ok(),
    }
}

fn how_far(done: u64, total: Option<u64>) -> String {
    let mib = |bytes: u64| bytes / (1024 * 1024);
    match total.filter(|total| *total > 0) {
        Some(total) => {
            let parts = usize::try_from((done.min(total) * 20) / total).unwrap_or(20);
            let bar = format!("{}{}", "=".repeat(parts), " ".repeat(20 - parts));
            format!("[{bar}] {}%, {} of {} MiB", done.min(total) * 100 / total, mib(done), mib(total))
        }
        None => format!("{} MiB", mib(done)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::{Arc, Mutex};

    use cplan_sdk::Silent;
    use sha2::{Digest, Sha256};
    use tokio_util::sync::CancellationToken;

    use super::super::super::resolution::hex;
    use super::*;

    #[test]
    fn the_length_is_that_of_the_last_answer() {
        let redirected =
            "HTTP/1.1 302 Found\r\nContent-Length: 7\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1048576\r\n\r\n";
        assert_eq!(total(redirected), Some(1_048_576));
        assert_eq!(total("HTTP/2 206\r\nContent-Length: 5\r\nContent-Range: bytes 5-9/10\r\n\r\n"), Some(10));
        assert_eq!(total(""), None);
        assert_eq!(how_far(524_288, Some(1_048_576)), "[==========          ] 50%, 0 of 1 MiB");
        assert_eq!(how_far(3 << 20, None), "3 MiB");
    }

    /// A server that breaks its first answer off in the middle, or each, and may know ranges or not.
    struct Server {
        url: String,
        /// Where each request began to ask.
        asked: Arc<Mutex<Vec<usize>>>,
    }

    impl Server {
        /// Whether it knows ranges, and whether it breaks each answer off.
        fn start(content: Vec<u8>, ranges: bool, each: bool) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("http://{}/disk.qcow2", listener.local_addr().unwrap());
            let asked = Arc::new(Mutex::new(Vec::new()));
            let requests = Arc::clone(&asked);
            std::thread::spawn(move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    answer(&stream, &content, (ranges, each), &requests);
                }
            });
            Server { url, asked }
        }
    }

    fn answer(mut stream: &TcpStream, content: &[u8], (ranges, each): (bool, bool), requests: &Mutex<Vec<usize>>) {
        let lines = BufReader::new(stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
        let range =
            lines.filter_map(|l| Some(l.strip_prefix("Range: bytes=")?.split('-').next()?.parse().unwrap())).last();
        let begin: usize = range.unwrap_or(0);
        let first = requests.lock().unwrap().is_empty();
        requests.lock().unwrap().push(begin);
        let from = if ranges { begin } else { 0 };
        let rest = &content[from..];
        let head = if from > 0 {
            let end = content.len() - 1;
            format!("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {from}-{end}/{}\r\n", content.len())
        } else {
            "HTTP/1.1 200 OK\r\n".to_owned()
        };
        // Broken off at once, and closed.
        let sent = if first || each { rest.len() / 2 } else { rest.len() };
        let _ = write!(stream, "{head}Content-Length: {}\r\nConnection: close\r\n\r\n", rest.len());
        let _ = stream.write_all(&rest[..sent]);
    }

    fn context() -> Context {
        Context::new("/nowhere", Arc::new(Silent), CancellationToken::new())
    }

    #[test]
    fn a_broken_off_download_is_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let cache = ImageCache::new(folder.path().to_owned());
        let content: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
        let sha256 = hex(&Sha256::digest(&content));
        let server = Server::start(content.clone(), true, false);
        let file = fetch(&context(), &cache, &server.url, &sha256).unwrap();
        assert_eq!(std::fs::read(file).unwrap(), content);
        assert_eq!(*server.asked.lock().unwrap(), [0, content.len() / 2]);
        // Whole as it is, it is not asked for again.
        fetch(&context(), &cache, &server.url, &sha256).unwrap();
        assert_eq!(server.asked.lock().unwrap().len(), 2);

        // Where the server cannot go on in the middle, it begins again.
        let folder = tempfile::tempdir().unwrap();
        let cache = ImageCache::new(folder.path().to_owned());
        let server = Server::start(content.clone(), false, false);
        assert_eq!(std::fs::read(fetch(&context(), &cache, &server.url, &sha256).unwrap()).unwrap(), content);
        assert_eq!(*server.asked.lock().unwrap(), [0, content.len() / 2, 0]);

        // One that breaks off each time and cannot go on in the middle never gets there: that is said.
        let folder = tempfile::tempdir().unwrap();
        let cache = ImageCache::new(folder.path().to_owned());
        let server = Server::start(content.clone(), false, true);
        let error = fetch(&context(), &cache, &server.url, &sha256).unwrap_err();
        assert_eq!(status(&error), Some(18), "{error}");
    }

    #[test]
    fn another_content_is_refused_and_thrown_away() {
        let folder = tempfile::tempdir().unwrap();
        let cache = ImageCache::new(folder.path().join("cache"));
        let file = folder.path().join("disk");
        std::fs::write(&file, "other").unwrap();
        let url = format!("file://{}", file.display());
        let error = fetch(&context(), &cache, &url, &"0".repeat(64)).unwrap_err();
        assert!(matches!(&error, ImageError::OtherContent { found, .. } if *found == hex(&Sha256::digest("other"))));
        assert_eq!(std::fs::read_dir(cache.root().join("downloads")).unwrap().count(), 0);
    }
}
