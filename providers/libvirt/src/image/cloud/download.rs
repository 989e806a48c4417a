//! From the web: resumed where it broke off, and only what has the expected digest counts.

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
    if let Err(error) = get(ctx, url, &part) {
        // 33: the server cannot go on in the middle (RFC 9110 §14.2); 36: nor can curl.
        let resumable = !matches!(&error, ImageError::Command { outcome, .. } if ["exited with 33", "exited with 36"].contains(&outcome.as_str()));
        if resumable || !part.exists() {
            return Err(error);
        }
        std::fs::remove_file(&part).map_err(|e| ImageError::io("remove", &part, e))?;
        get(ctx, url, &part)?;
    }
    let found = digest(&part)?;
    if found == sha256 {
        return Ok(part);
    }
    std::fs::remove_file(&part).map_err(|e| ImageError::io("remove", &part, e))?;
    Err(ImageError::OtherContent { file: url.to_owned(), wanted: sha256.to_owned(), found })
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
}
