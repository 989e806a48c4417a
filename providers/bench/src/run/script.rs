//! The scripts of a run, for a POSIX shell with busybox.

use std::time::Duration;

use cplan_sdk::quote;

use crate::inputs::Inputs;

/// What the scripts of one run have in common.
#[derive(Clone, Debug)]
pub(super) struct Scripts {
    /// The guest binary on the machines.
    pub(super) guest: String,
    /// Names the run in topics and folders; letters and digits.
    pub(super) token: String,
}

/// A worker as it must run: one per worker and broker.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Post {
    /// The worker's name.
    pub(super) worker: String,
    /// Its broker.
    pub(super) broker: String,
}

impl Scripts {
    /// The folder of process ids on a machine.
    fn folder(&self) -> String {
        format!("/tmp/cplan-bench-{}", self.token)
    }

    /// Runs the guest in place of the shell and leaves its process id for [`Scripts::stop`].
    fn exec(&self, name: &str, arguments: &str) -> String {
        let folder = self.folder();
        let file = quote(&format!("{folder}/{name}.pid"));
        format!("umask 077; mkdir -p {folder}; echo $$ >{file}; exec {} {arguments}", quote(&self.guest))
    }

    /// The worker of a post, for so many endpoints.
    pub(super) fn work(&self, inputs: &Inputs, post: &Post, endpoints: usize, number: usize) -> String {
        // Longer than any silence of a run; it ends the worker when nobody is left to stop it.
        let idle = inputs.drain + Duration::from_secs(60) + Duration::from_secs_f64(2.0 / inputs.rate);
        let arguments = format!(
            "mqtt work --broker {} --topic {} --answer-topic-prefix {} --iterations {} --threads {} --endpoints {endpoints} --idle {}",
            quote(&post.broker),
            quote(&format!("cplan/{}/work/{}/+", self.token, post.worker)),
            quote(&format!("cplan/{}/answer", self.token)),
            inputs.work,
            inputs.threads,
            idle.as_secs_f64(),
        );
        self.exec(&format!("work-{number}"), &arguments)
    }

    /// The publisher of an endpoint.
    pub(super) fn publish(&self, inputs: &Inputs, name: &str, handshake: Duration) -> Option<String> {
        let endpoint = inputs.endpoints.get(name)?;
        let arguments = format!(
            "mqtt publish --broker {} --topic {} --answer-topic {} --size {} --rate {} --duration {} --warmup {} \
             --drain {} --handshake {} --out -",
            quote(&endpoint.broker),
            quote(&format!("cplan/{}/work/{}/{name}", self.token, endpoint.worker)),
            quote(&format!("cplan/{}/answer/{name}", self.token)),
            inputs.payload,
            inputs.rate,
            inputs.duration.as_secs_f64(),
            inputs.warmup.as_secs_f64(),
            inputs.drain.as_secs_f64(),
            handshake.as_secs_f64(),
        );
        Some(self.exec(&format!("publish-{name}"), &arguments))
    }

    /// Ends every process of this run on a machine and waits for it, by force after 5 s; one whose id was taken by another
    /// program is left alone.
    pub(super) fn stop(&self) -> String {
        format!(
            "ours() {{ [ \"$(readlink \"/proc/$1/exe\" 2>/dev/null)\" = {guest} ]; }}\n\
             l=; for f in {folder}/*.pid; do [ -e \"$f\" ] || continue; read -r p <\"$f\"\n\
             if ours \"$p\"; then kill \"$p\" 2>/dev/null; l=\"$l $p\"; fi; done\n\
             n=0; for p in $l; do while ours \"$p\"; do n=$((n + 1))\n\
             [ $n -le 50 ] || kill -9 \"$p\" 2>/dev/null; sleep 0.1; done; done\n\
             rm -rf {folder}",
            folder = self.folder(),
            guest = quote(&self.guest),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::tests::values;

    #[test]
    fn scripts_are_one_command_each_and_quoted() {
        let scripts = Scripts { guest: "/var/lib/cplan/guest-aa".into(), token: "0a1b".into() };
        let inputs = Inputs::from_value(&values()).unwrap();
        assert_eq!(
            scripts.publish(&inputs, "e0", Duration::from_secs(30)).unwrap(),
            "umask 077; mkdir -p /tmp/cplan-bench-0a1b; echo $$ >'/tmp/cplan-bench-0a1b/publish-e0.pid'; \
             exec '/var/lib/cplan/guest-aa' mqtt publish --broker '10.0.0.1:1883' --topic 'cplan/0a1b/work/w/e0' \
             --answer-topic 'cplan/0a1b/answer/e0' --size 1024 --rate 10 --duration 5 --warmup 1 --drain 5 \
             --handshake 30 --out -"
        );
        assert_eq!(scripts.publish(&inputs, "e9", Duration::ZERO), None);
    }

    #[test]
    fn a_slow_load_does_not_make_its_worker_leave() {
        let scripts = Scripts { guest: "g".into(), token: "t".into() };
        let mut inputs = Inputs::from_value(&values()).unwrap();
        inputs.rate = 0.01;
        let post = Post { worker: "w".into(), broker: "b:1".into() };
        let script = scripts.work(&inputs, &post, 1, 0);
        assert!(script.ends_with("--endpoints 1 --idle 265"), "{script}");
    }

    #[test]
    fn stopping_spares_what_is_not_ours() {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().file_name().unwrap().to_string_lossy().replace('.', "");
        let scripts = Scripts { guest: "/no/such/guest".into(), token };
        let mut other = std::process::Command::new("sleep").arg("30").spawn().unwrap();
        std::fs::create_dir(scripts.folder()).unwrap();
        std::fs::write(format!("{}/publish-e0.pid", scripts.folder()), format!("{}\n", other.id())).unwrap();
        let status = std::process::Command::new("sh").arg("-c").arg(scripts.stop()).status().unwrap();
        assert!(status.success());
        assert_eq!(other.try_wait().unwrap(), None, "it still runs");
        assert!(!std::path::Path::new(&scripts.folder()).exists());
        other.kill().unwrap();
        other.wait().unwrap();
    }
}
