//! A network in CIDR notation.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address and how many of its bits name the network.
pub(super) struct Network {
    /// 32 or 128.
    pub(super) bits: u32,
    /// The network's bits, the others zero.
    pub(super) base: u128,
    pub(super) length: u32,
}

impl Network {
    /// `address/length`; leading zeros are read as decimal ones, as Terraform does.
    pub(super) fn parse(text: &str) -> Option<Network> {
        let (address, length) = text.split_once('/')?;
        let digits = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
        let length: u32 = length.parse().ok().filter(|_| digits)?;
        let (bits, number) = match v4(address) {
            Some(v4) => (32, u32::from(v4).into()),
            None => (128, v6(address)?.into()),
        };
        let whole = Network { bits, base: number, length };
        (length <= bits).then(|| Network { base: number & whole.mask(length), ..whole })
    }

    /// The mask of a prefix length.
    pub(super) fn mask(&self, length: u32) -> u128 {
        let all = u128::MAX >> (128 - self.bits);
        all & !all.checked_shr(length).unwrap_or(0)
    }

    /// A number as an address of the family; one of version 4 that is mapped into version 6 is written as what it is.
    pub(super) fn address(&self, n: u128) -> IpAddr {
        match u32::try_from(n) {
            Ok(v4) if self.bits == 32 => IpAddr::V4(v4.into()),
            _ => {
                let v6 = Ipv6Addr::from(n);
                v6.to_ipv4_mapped().map_or(IpAddr::V6(v6), IpAddr::V4)
            }
        }
    }

    /// A part of the network, as text.
    pub(super) fn part(&self, base: u128, length: u32) -> String {
        format!("{}/{length}", self.address(base))
    }
}

fn v4(text: &str) -> Option<Ipv4Addr> {
    let octet = |part: &str| {
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        // Without the zeros, so that any number of them fits.
        let value = format!("0{}", part.trim_start_matches('0'));
        value.parse::<u8>().ok().filter(|_| digits)
    };
    let octets: Vec<u8> = text.split('.').map(octet).collect::<Option<_>>()?;
    <[u8; 4]>::try_from(octets).ok().map(Ipv4Addr::from)
}

/// The last 32 bits may be written as an address of version 4.
fn v6(text: &str) -> Option<Ipv6Addr> {
    let (front, tail) = match text.rfind(':') {
        Some(at) if text[at..].contains('.') => (&text[..=at], Some(v4(&text[at + 1..])?)),
        _ => (text, None),
    };
    let groups: Vec<String> = front
        .split(':')
        .map(|group| match group.trim_start_matches('0') {
            "" if !group.is_empty() => "0".to_owned(),
            digits => digits.to_owned(),
        })
        .collect();
    let tail = tail.map_or_else(String::new, |v4| v4.to_string());
    (groups.join(":") + &tail).parse().ok()
}
