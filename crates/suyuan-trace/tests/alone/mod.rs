//! Thousands of small networks, each made by one thread: handing parts of them to others would take longer.

use rayon::{ThreadPool, ThreadPoolBuilder};

thread_local! {
    static POOL: Option<ThreadPool> = ThreadPoolBuilder::new().num_threads(1).use_current_thread().build().ok();
}

/// From here on this thread does by itself what it would share with others.
pub fn alone() {
    POOL.with(|_| ());
}
