//! A plain HTTP client over connections that are kept, so that little of what is measured is our own.

use std::{io, sync::Mutex};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub struct Http {
    pub address: String,
    idle: Mutex<Vec<TcpStream>>,
}

pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Answer {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Http {
    pub fn new(address: String) -> Self {
        Self { address, idle: Mutex::default() }
    }

    /// A kept connection may have been closed meanwhile: then once more on a fresh one.
    pub async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> io::Result<Answer> {
        let request = request(method, &self.address, target, headers, body);
        let kept = self.idle.lock().expect("the connections").pop();
        if let Some(mut stream) = kept
            && let Ok(answer) = ask(&mut stream, &request).await
        {
            self.keep(stream);
            return Ok(answer);
        }
        let mut stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        let answer = ask(&mut stream, &request).await?;
        self.keep(stream);
        Ok(answer)
    }

    fn keep(&self, stream: TcpStream) {
        self.idle.lock().expect("the connections").push(stream);
    }
}

fn request(method: &str, host: &str, target: &str, headers: &[(&str, &str)], body: &str) -> String {
    let head = format!("{method} {target} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {}\r\n", body.len());
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("{head}{headers}\r\n{body}")
}

async fn ask(stream: &mut TcpStream, request: &str) -> io::Result<Answer> {
    stream.write_all(request.as_bytes()).await?;
    let mut read = Vec::with_capacity(2048);
    let head = loop {
        if stream.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let text = String::from_utf8_lossy(&read[..head]).to_ascii_lowercase();
    let status = text.get(9..12).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(Ok(0), str::parse).map_err(|_| io::ErrorKind::InvalidData)?;
    while read.len() < head + length {
        if stream.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(Answer { status, body: String::from_utf8_lossy(&read[head..head + length]).into_owned() })
}
