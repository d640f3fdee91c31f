//! Dense identifiers, minted only by [`crate::Network`], in an order that does not depend on that of the rows.

use bytemuck::{Pod, Zeroable};
use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Pod, Zeroable,
        )]
        #[repr(transparent)]
        pub struct $name(pub(crate) u32);

        impl $name {
            /// Its place in arrays with one entry for each.
            #[must_use]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id! {
    /// A node: a joint, manhole, inlet or outfall.
    NodeId
}
id! {
    /// A directed stretch between two nodes.
    ReachId
}
id! {
    /// A surveyed line, exactly as the file has it.
    PipeId
}
id! {
    /// An outfall of the survey.
    OutfallId
}
