//! The program itself: started, killed, told to stop.

use super::{Api, Desk, LOOK_EVERY, PATIENCE, PROGRAM};
use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
};
use tokio::time::{sleep, timeout};

impl Desk {
    /// The program with these words, on this desk's folder and configuration.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(words);
        command.arg("--config").arg(self.folder.path().join("config.toml"));
        command.arg("--data-dir").arg(self.data());
        command.env("STROWGER_LOG", &self.log).env("NO_COLOR", "1").stdin(Stdio::null());
        command
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.elsewhere.clone().unwrap_or_else(|| self.folder.path().join("data"))
    }

    pub fn database(&self) -> PathBuf {
        self.data().join("strowger.db")
    }

    /// Starts the daemon on the folder; the first time on any port that is free, then on the same again, as a daemon that
    /// takes up its work may be called back by the telephone company before it has said where it listens.
    pub async fn start(&mut self) {
        assert!(self.daemon.is_none(), "the daemon runs already");
        let log = File::options().append(true).create(true).open(self.log_path()).unwrap();
        let before = self.api.address.strip_prefix("http://").filter(|address| !address.ends_with(":1"));
        let listen = before.unwrap_or("127.0.0.1:0").to_owned();
        let mut command = self.command(&["serve", "--listen", &listen]);
        if let Some(socket) = &self.socket {
            command = handed_over(&command, socket);
        }
        if self.can_be_full {
            command = by_shell(&command, "trap '' XFSZ; exec \"$@\"");
        }
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let out = child.stdout.take().expect("its output is piped");
        self.daemon = Some(child);
        let said = timeout(PATIENCE, tokio::task::spawn_blocking(move || first_line(out))).await;
        let line = said.expect("the daemon does not say where it listens").unwrap();
        let address = line.trim().strip_prefix("listening on ");
        let address = address.unwrap_or_else(|| panic!("the daemon said {line:?} and not where it listens"));
        self.company.forward(&self.public_url, address);
        self.api = Api::new(address, &self.admin_token);
        self.until_ready().await;
    }

    /// The address is printed a moment before the daemon answers there.
    async fn until_ready(&mut self) {
        let url = format!("{}/readyz", self.api.address);
        for _ in 0..PATIENCE.as_millis() / LOOK_EVERY.as_millis() {
            if let Some(status) = self.daemon.as_mut().and_then(|child| child.try_wait().unwrap()) {
                panic!("the daemon ended at once: {status}");
            }
            let answer = self.api.client.get(&url).timeout(PATIENCE).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            sleep(LOOK_EVERY).await;
        }
        panic!("the daemon is not ready");
    }

    /// How long the files may be that the running daemon writes: `0` is a full disk, where every write fails.
    pub fn let_files_grow_to(&self, bytes: &str) {
        assert!(self.can_be_full, "it would be killed");
        let daemon = self.daemon.as_ref().expect("the daemon runs").id().to_string();
        let set = Command::new("prlimit").args(["--pid", &daemon, &format!("--fsize={bytes}:")]).status();
        assert!(set.unwrap().success(), "the daemon's limit can't be set");
    }

    /// SIGKILL: whatever it was doing, it does no more.
    pub fn kill(&mut self) {
        let mut child = self.daemon.take().expect("the daemon runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Kills the daemon and starts it again on the same folder. Softphones have to connect again.
    pub async fn restart(&mut self) {
        self.kill();
        self.start().await;
    }

    /// SIGTERM. The daemon must end by itself, and well.
    pub async fn stop(&mut self) {
        let mut child = self.daemon.take().expect("the daemon runs");
        let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        assert!(told.success(), "the daemon could not be told to stop");
        let status = end_of(&mut child).await;
        assert!(status.success(), "the daemon stopped with {status}");
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// What the daemon logged until now.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }
}

/// The same command as a service manager runs it: the socket is its file 3.
fn handed_over(command: &Command, socket: &std::net::TcpListener) -> Command {
    let script = "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$@\"";
    let mut shell = by_shell(command, script);
    let socket = socket.try_clone().unwrap();
    shell.stdin(Stdio::from(std::os::fd::OwnedFd::from(socket)));
    shell
}

/// The same command as a shell runs it, where it is `"$@"`.
pub fn by_shell(command: &Command, script: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh"]).arg(command.get_program()).args(command.get_args());
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell
}

/// Answers the first line, and reads on so that the daemon never waits for us.
fn first_line(out: impl Read + Send + 'static) -> String {
    let mut out = BufReader::new(out);
    let mut line = String::new();
    let _ = out.read_line(&mut line);
    std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
    line
}

/// Waits for the end of a process.
pub async fn end_of(child: &mut Child) -> ExitStatus {
    for _ in 0..PATIENCE.as_millis() / LOOK_EVERY.as_millis() {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        sleep(LOOK_EVERY).await;
    }
    let _ = child.kill();
    let _ = child.wait();
    panic!("the process does not end");
}
