//! What running steps hold, and whether one more fits.

use cplan_sdk::{Claim, Share};
use hashbrown::HashMap;

#[derive(Clone, Copy, Debug, Default)]
struct Held {
    shared: u32,
    exclusive: bool,
    slots: u32,
}

/// The claims of all running steps.
#[derive(Debug, Default)]
pub(super) struct Claims {
    held: HashMap<String, Held>,
}

impl Claims {
    /// Takes all claims of a step, or none when one does not fit.
    pub(super) fn take(&mut self, claims: &[Claim]) -> bool {
        if !claims.iter().all(|c| self.fits(c)) {
            return false;
        }
        for claim in claims {
            let held = self.held.entry(claim.on.clone()).or_default();
            match claim.share {
                Share::Shared => held.shared += 1,
                Share::Exclusive => held.exclusive = true,
                Share::Slots { take, .. } => held.slots += take,
            }
        }
        true
    }

    /// Gives a step's claims back.
    pub(super) fn release(&mut self, claims: &[Claim]) {
        for claim in claims {
            let Some(held) = self.held.get_mut(&claim.on) else { continue };
            match claim.share {
                Share::Shared => held.shared = held.shared.saturating_sub(1),
                Share::Exclusive => held.exclusive = false,
                Share::Slots { take, .. } => held.slots = held.slots.saturating_sub(take),
            }
            if held.shared == 0 && held.slots == 0 && !held.exclusive {
                self.held.remove(&claim.on);
            }
        }
    }

    fn fits(&self, claim: &Claim) -> bool {
        let Some(held) = self.held.get(&claim.on) else { return true };
        match claim.share {
            Share::Shared => !held.exclusive,
            Share::Exclusive => false,
            Share::Slots { take, of } => !held.exclusive && (held.slots == 0 || held.slots + take <= of),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exclusive_waits_for_all_and_slots_are_counted() {
        let mut claims = Claims::default();
        assert!(claims.take(&[Claim::shared("m")]));
        assert!(claims.take(&[Claim::shared("m"), Claim::slots("boots", 1, 2)]));
        assert!(!claims.take(&[Claim::exclusive("m")]));
        assert!(claims.take(&[Claim::slots("boots", 1, 2)]));
        assert!(!claims.take(&[Claim::slots("boots", 1, 2)]));
        claims.release(&[Claim::shared("m")]);
        claims.release(&[Claim::shared("m"), Claim::slots("boots", 1, 2)]);
        assert!(claims.take(&[Claim::exclusive("m"), Claim::slots("boots", 1, 2)]));
        assert!(!claims.take(&[Claim::shared("m")]));
    }

    #[test]
    fn none_is_taken_when_one_does_not_fit() {
        let mut claims = Claims::default();
        assert!(claims.take(&[Claim::exclusive("a")]));
        assert!(!claims.take(&[Claim::exclusive("b"), Claim::shared("a")]));
        assert!(claims.take(&[Claim::exclusive("b")]));
    }
}
