//! `<domainCapabilities>`: <https://libvirt.org/formatdomaincaps.html>.

use super::XmlError;
use super::read::{all, find};

/// What libvirt can choose a firmware file for by itself: `bios`, `efi`.
pub(crate) fn firmwares(xml: &str) -> Result<Vec<String>, XmlError> {
    let document = roxmltree::Document::parse(xml)?;
    let lists = all(document.root_element(), &["os"], "enum").into_iter();
    let list = lists.filter(|list| list.attribute("name") == Some("firmware"));
    let values = list.flat_map(|list| all(list, &[], "value"));
    Ok(values.filter_map(|value| Some(find(value, &[])?.text()?.trim().to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_list_of_firmwares_and_no_other() {
        let xml = |firmware: &str| {
            format!(
                "<domainCapabilities><path>/usr/bin/qemu-system-aarch64</path><os supported='yes'>\
                 <enum name='firmware'>{firmware}</enum><loader supported='yes'><value>/f</value>\
                 <enum name='type'><value>rom</value></enum></loader></os></domainCapabilities>"
            )
        };
        assert_eq!(firmwares(&xml("<value>bios</value><value>efi</value>")).unwrap(), ["bios", "efi"]);
        assert_eq!(firmwares(&xml("")).unwrap(), Vec::<String>::new());
        assert_eq!(firmwares("<domainCapabilities/>").unwrap(), Vec::<String>::new());
    }
}
