//! The ArrayBuffers that tasks and results transfer: moved between Node and the isolates, or lent.
//!
//! Owns the buffers while they are on their way. Never keeps one that JavaScript can still reach.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use napi::bindgen_prelude::{ArrayBuffer, Either, Unknown};
use napi::{Env, Error, Result, Status};

use super::lending::Lending;
use crate::isolate::{MovedBuffers, Pages};

/// The buffers of a pool that are on their way.
pub(super) struct Buffers {
    /// Buffers of tasks that are not submitted yet, by the numbers that the arena has for them.
    pub submitted: HashMap<u32, MovedBuffers>,
    last_number: u32,
    /// Buffers of results, in the order in which the arena refers to them.
    pub collected: VecDeque<MovedBuffers>,
    /// The memory for which JavaScript is making buffers.
    unpacked: Vec<Pages>,
    lending: Rc<Lending>,
}

impl Buffers {
    pub fn new(lending: Rc<Lending>) -> Self {
        Self {
            submitted: HashMap::new(),
            last_number: 0,
            collected: VecDeque::new(),
            unpacked: Vec::new(),
            lending,
        }
    }

    /// Takes buffers that JavaScript cannot reach, for a task that is about to be submitted, and returns their
    /// number.
    pub fn take(&mut self, buffers: Vec<ArrayBuffer>) -> Result<u32> {
        self.lending.settle();
        let mut pages = Vec::with_capacity(buffers.len());
        for mut buffer in buffers {
            if let Some(lent) = self.lending.lend(&mut buffer) {
                pages.push(lent);
                continue;
            }
            // SAFETY: only this thread knows the buffer, and no JavaScript runs until it is detached.
            pages.push(unsafe {
                let bytes = buffer.as_mut();
                Pages::take(bytes.as_mut_ptr(), bytes.len())
            });
            buffer.detach()?;
        }
        self.last_number = self.last_number.wrapping_add(1);
        self.submitted.insert(self.last_number, MovedBuffers::new(pages));
        Ok(self.last_number)
    }

    /// Returns the next buffers of results. For those that JavaScript has to make, the lengths.
    pub fn take_collected<'env>(&mut self, env: &'env Env) -> Vec<Either<Unknown<'env>, f64>> {
        let moved = self.collected.pop_front().and_then(|moved| moved.take());
        self.unpacked.clear();
        let moved = moved.into_iter().flatten().map(|mut pages| {
            if let Some(buffer) = self.lending.back(&mut pages) {
                // SAFETY: a value of this environment.
                return Either::A(unsafe { Unknown::from_raw_unchecked(env.raw(), buffer) });
            }
            let length = pages.size() as f64;
            self.unpacked.push(pages);
            Either::B(length)
        });
        moved.collect()
    }

    /// Moves memory into the buffers that JavaScript has made for it.
    pub fn fill(&mut self, targets: Vec<ArrayBuffer>) -> Result<()> {
        let moved = std::mem::take(&mut self.unpacked);
        if moved.len() != targets.len() {
            return Err(Error::new(Status::InvalidArg, "not as many buffers as in the moved"));
        }
        for (pages, mut target) in moved.into_iter().zip(targets) {
            if pages.size() != target.len() {
                return Err(Error::new(Status::InvalidArg, "not as long as in the moved"));
            }
            // SAFETY: lib/values/transfer.js has just made it, and it is as long.
            unsafe { pages.give(target.as_mut().as_mut_ptr()) };
        }
        Ok(())
    }

    /// Frees lent memory that nobody uses any more.
    pub fn settle(&self) {
        self.lending.settle();
    }
}
