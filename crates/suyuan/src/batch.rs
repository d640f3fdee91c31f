//! Many starts, worked out by every core, told in order.

use rayon::prelude::*;
use suyuan_network::OutfallId;

use crate::answer::{CityTracer, TraceAnswer};
use crate::error::Error;

/// So many starts are handed out together for each thread; answers wait no longer than for those.
const EACH: usize = 16;

/// Where one of many traces starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TraceStart {
    /// As the user wrote it.
    Named(String),
    /// An outfall, which may share its id with others.
    Outfall(OutfallId),
}

impl CityTracer<'_> {
    /// Traces one of many starts.
    ///
    /// # Errors
    /// As [`CityTracer::trace`].
    pub fn trace_start(&mut self, start: &TraceStart) -> Result<TraceAnswer, Error> {
        match start {
            TraceStart::Named(reference) => self.trace(reference),
            TraceStart::Outfall(outfall) => self.trace_outfall(*outfall),
        }
    }

    /// Traces many starts. `work` makes what is wanted of each answer, on any thread; `take` gets it with the number of its start, in
    /// order, and ends the batch with an error.
    ///
    /// # Errors
    /// Those of `take`.
    ///
    /// # Complexity
    /// That of the traces, by every core; memory of a few answers for each thread, however many there are.
    pub fn trace_many<T: Send, E>(
        &self,
        starts: &[TraceStart],
        work: impl Fn(&TraceStart, Result<TraceAnswer, Error>) -> T + Sync,
        mut take: impl FnMut(usize, T) -> Result<(), E>,
    ) -> Result<(), E> {
        let block = EACH * rayon::current_num_threads();
        if starts.len() > block {
            self.city().trace_index();
        }
        for (b, starts) in starts.chunks(block).enumerate() {
            let told: Vec<T> = starts
                .par_iter()
                .with_min_len(starts.len().div_ceil(4 * rayon::current_num_threads()))
                .map_init(|| self.another(), |tracer, start| work(start, tracer.trace_start(start)))
                .collect();
            for (i, answer) in told.into_iter().enumerate() {
                take(b * block + i, answer)?;
            }
        }
        Ok(())
    }
}
