//! Reads tasks from the arena, into which `lib/pool/submission.js` writes them.
//!
//! Little endian, one record after another:
//!
//! ```text
//! f64 ticket · u8 work (0 handler, 1 javascript, 2 filter) · u8 priority
//! u8 flags; the two highest bits are the isolation (0 shared, 1 context, 2 isolate)
//! an f64 for each of these flags that is set, in this order:
//!     1 timeout · 2 queueTimeout · 4 delay · 8 maxRetries · 16 retryBackoffMs
//! u32 number of the type of a handler task; 0xFFFFFFFF: a string with its name follows
//! string source text of a code task, instead of the type
//! string taskId, if flag 32 is set
//! u32 length of the value and the value; length 0xFFFFFFFF: the value is the next blob; 0xFFFFFFFE: it has
//!     moved buffers, and a u32 with their number follows, then a u32 length as here
//! ```
//!
//! A string is a u32 and its bytes. The lowest bit of the u32 is 1 for UTF-8 and 0 for Latin-1; the other bits
//! are the number of bytes.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use napi::bindgen_prelude::Uint8Array;

use super::options::Defaults;
use super::plans::{Plans, UNKNOWN_TYPE};
use super::time::from_ms;
use crate::isolate::{CodeKind, Isolation, Job, MovedBuffers, Plan, Work};
use crate::scheduler::{Priority, Task, TaskId};

const NEXT_BLOB: u32 = u32::MAX;
const MOVED: u32 = u32::MAX - 1;

const TIMEOUT: u8 = 1;
const QUEUE_TIMEOUT: u8 = 2;
const DELAY: u8 = 4;
const MAX_RETRIES: u8 = 8;
const RETRY_BACKOFF: u8 = 16;
const TASK_ID: u8 = 32;
const ISOLATION_SHIFT: u32 = 6;

/// The arena is malformed: a fault of this package, not of its user.
#[derive(Debug, thiserror::Error)]
#[error("malformed submission at byte {0}")]
pub(super) struct Malformed(usize);

/// Reads all records.
///
/// # Errors
/// If the arena is malformed.
pub(super) fn read(
    records: &[u8],
    blobs: &[Uint8Array],
    moved: &mut HashMap<u32, MovedBuffers>,
    plans: &mut Plans,
    defaults: &Defaults,
) -> Result<VecDeque<Task<Job>>, Malformed> {
    let mut reader = Reader { bytes: records, at: 0 };
    let mut blobs = blobs.iter();
    let mut tasks = VecDeque::new();
    while reader.at < records.len() {
        tasks.push_back(read_task(&mut reader, &mut blobs, moved, plans, defaults)?);
    }
    Ok(tasks)
}

fn read_task<'a>(
    reader: &mut Reader,
    blobs: &mut impl Iterator<Item = &'a Uint8Array>,
    moved: &mut HashMap<u32, MovedBuffers>,
    plans: &mut Plans,
    defaults: &Defaults,
) -> Result<Task<Job>, Malformed> {
    let ticket = reader.f64()? as u64;
    let [kind, priority, flags] = *reader.array()?;
    let field =
        |flag: u8, reader: &mut Reader| (flags & flag != 0).then(|| reader.f64()).transpose();
    let timeout = field(TIMEOUT, reader)?.map(from_ms);
    let queue_timeout = field(QUEUE_TIMEOUT, reader)?.map(from_ms);
    let delay = field(DELAY, reader)?.map(from_ms);
    let mut retry = defaults.retry;
    if let Some(max_retries) = field(MAX_RETRIES, reader)? {
        retry.max_retries = max_retries as u32;
    }
    if let Some(backoff) = field(RETRY_BACKOFF, reader)? {
        retry.backoff = from_ms(backoff);
    }
    let isolation = match flags >> ISOLATION_SHIFT {
        0 => Isolation::Shared,
        1 => Isolation::Context,
        2 => Isolation::Isolate,
        _ => return Err(Malformed(reader.at)),
    };
    let mut plan = match kind {
        0 => match reader.u32()? {
            UNKNOWN_TYPE => Plan::new(Work::Handler(reader.string()?.into()), isolation).into(),
            index => plans.of_type(index, isolation).ok_or(Malformed(reader.at))?,
        },
        1 => plans.of_code(CodeKind::JavaScript, reader.string()?, isolation),
        2 => plans.of_code(CodeKind::Filter, reader.string()?, isolation),
        _ => return Err(Malformed(reader.at)),
    };
    let name = (flags & TASK_ID != 0).then(|| reader.string()).transpose()?;
    let mut length = reader.u32()?;
    let mut buffers = MovedBuffers::default();
    if length == MOVED {
        let number = reader.u32()?;
        buffers = moved.remove(&number).ok_or(Malformed(reader.at))?;
        length = reader.u32()?;
    }
    let value = match length {
        NEXT_BLOB => blobs.next().ok_or(Malformed(reader.at))?,
        length => reader.take(length as usize)?,
    };
    if name.is_some() || buffers.count() > 0 {
        let name = name.map(Into::into);
        plan = Arc::new(Plan { work: plan.work.clone(), isolation, name, buffers });
    }
    let work = &plan.work;
    Ok(Task {
        id: TaskId(ticket),
        kind: defaults.kind(work),
        priority: Priority(priority),
        delay: delay.unwrap_or_default(),
        timeout: Some(timeout.unwrap_or_else(|| defaults.timeout(work))),
        queue_timeout: queue_timeout.or(defaults.queue_timeout),
        retry,
        longest_idle_first: matches!(work, Work::Code(_)) || isolation != Isolation::Shared,
        payload: Job { value: value.into(), number: ticket, plan },
    })
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let end = self.at.checked_add(length).ok_or(Malformed(self.at))?;
        let bytes = self.bytes.get(self.at..end).ok_or(Malformed(self.at))?;
        self.at = end;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Malformed> {
        let at = self.at;
        self.take(N)?.try_into().map_err(|_| Malformed(at))
    }

    fn u32(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_le_bytes(*self.array()?))
    }

    fn f64(&mut self) -> Result<f64, Malformed> {
        Ok(f64::from_le_bytes(*self.array()?))
    }

    fn string(&mut self) -> Result<String, Malformed> {
        let at = self.at;
        let header = self.u32()?;
        let bytes = self.take(header as usize >> 1)?;
        if header & 1 == 1 {
            String::from_utf8(bytes.to_vec()).map_err(|_| Malformed(at))
        } else {
            Ok(bytes.iter().copied().map(char::from).collect())
        }
    }
}
