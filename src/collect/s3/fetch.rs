//! Downloads objects side by side, and hands each to a reader while it comes in.

use super::list::Object;
use super::{Read, Reader};
use crate::mount::AwsError;
use aws_sdk_s3::primitives::ByteStream;
use bytes::{Buf, Bytes};
use std::io;
use std::sync::Arc;
use tokio::sync::mpsc::{self, Receiver};
use tokio::task::JoinSet;

/// How many objects are under way at once: most are small, and waiting for the first byte is most of the time.
const SIDE_BY_SIDE: usize = 32;

/// How many pieces of one object may wait for its reader.
const PIECES: usize = 8;

/// How many objects between two remarks on how far it is.
const REMARK: u64 = 5000;

/// An object on its way, for a reader that waits for each piece. Not to be read on the thread of the runtime.
#[derive(Debug)]
pub struct Piped {
    pieces: Receiver<io::Result<Bytes>>,
    piece: Bytes,
}

impl io::Read for Piped {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                None => return Ok(0),
                Some(piece) => self.piece = piece?,
            }
        }
        let count = into.len().min(self.piece.len());
        self.piece.copy_to_slice(into.get_mut(..count).unwrap_or_default());
        Ok(count)
    }
}

/// The downloads of one bucket.
pub(super) struct Fetching {
    client: aws_sdk_s3::Client,
    bucket: String,
    reader: Arc<dyn Reader>,
}

impl Fetching {
    pub(super) fn new(client: aws_sdk_s3::Client, bucket: &str, reader: Arc<dyn Reader>) -> Self {
        Fetching {
            client,
            bucket: bucket.to_owned(),
            reader,
        }
    }

    /// Reads every object that is found.
    pub(super) async fn all(self, mut objects: Receiver<Object>, tell: &dyn Fn(&str)) -> Read {
        let mut read = Read::default();
        let mut under_way: JoinSet<bool> = JoinSet::new();
        while let Some(object) = objects.recv().await {
            let name = format!("s3://{}/{}", self.bucket, object.key);
            if !self.reader.wants(&name, &object) {
                read.passed += 1;
                continue;
            }
            if under_way.len() >= SIDE_BY_SIDE
                && let Some(done) = under_way.join_next().await
            {
                read.failed += u64::from(!done.unwrap_or(false));
            }
            read.objects += 1;
            read.bytes += object.bytes;
            if read.objects % REMARK == 0 {
                tell(&format!(
                    "{} objects of s3://{}, {} MB",
                    read.objects,
                    self.bucket,
                    read.bytes >> 20
                ));
            }
            let (client, bucket, reader) = (self.client.clone(), self.bucket.clone(), self.reader.clone());
            under_way.spawn(async move { fetch(client, bucket, object, name, reader).await });
        }
        while let Some(done) = under_way.join_next().await {
            read.failed += u64::from(!done.unwrap_or(false));
        }
        read
    }
}

/// Reads one object; gives whether all of it came.
async fn fetch(
    client: aws_sdk_s3::Client,
    bucket: String,
    object: Object,
    name: String,
    reader: Arc<dyn Reader>,
) -> bool {
    let body = match client.get_object().bucket(bucket).key(&object.key).send().await {
        Ok(found) => found.body,
        Err(error) => {
            reader.failed(&name, AwsError::of("s3:GetObject", error).to_string());
            return false;
        }
    };
    let (sender, pieces) = mpsc::channel(PIECES);
    let reading = tokio::task::spawn_blocking(move || {
        let piece = Bytes::new();
        reader.read(&name, &object, Piped { pieces, piece });
    });
    let whole = send(body, sender).await;
    reading.await.is_ok() && whole
}

/// Passes the pieces on; an error is the last of them, so that the reader tells where the object breaks off.
async fn send(mut body: ByteStream, sender: mpsc::Sender<io::Result<Bytes>>) -> bool {
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(io::Error::other);
        let broken = piece.is_err();
        // A reader that gave up early has had enough.
        if sender.send(piece).await.is_err() {
            return true;
        }
        if broken {
            return false;
        }
    }
    true
}
