//! Pages of a column, looked through before they are decoded: the decoders take some of it for granted.

use ::parquet::basic::{Encoding, Type as Physical};
use ::parquet::column::page::{Page, PageMetadata, PageReader};
use ::parquet::errors::{ParquetError, Result};
use ::parquet::schema::types::ColumnDescriptor;

/// Pages that keep what the decoders rely on.
pub(super) struct Checked {
    pages: Box<dyn PageReader>,
    /// The least bytes that a value in a dictionary takes.
    least: usize,
    has_dictionary: bool,
}

impl Checked {
    pub(super) fn new(pages: Box<dyn PageReader>, column: &ColumnDescriptor) -> Self {
        let least = match column.physical_type() {
            Physical::BOOLEAN => 1,
            Physical::INT32 | Physical::FLOAT | Physical::BYTE_ARRAY => 4,
            Physical::INT64 | Physical::DOUBLE => 8,
            Physical::INT96 => 12,
            Physical::FIXED_LEN_BYTE_ARRAY => usize::try_from(column.type_length()).unwrap_or(0).max(1),
        };
        Self { pages, least, has_dictionary: false }
    }

    fn check(&mut self, page: &Page) -> std::result::Result<(), &'static str> {
        if let Page::DictionaryPage { buf, num_values, .. } = page {
            if *num_values as usize > buf.len() / self.least {
                return Err("its dictionary is shorter than it says");
            }
            self.has_dictionary = true;
        }
        if let Page::DataPageV2 { buf, def_levels_byte_len, rep_levels_byte_len, .. } = page {
            let levels = u64::from(*def_levels_byte_len) + u64::from(*rep_levels_byte_len);
            if levels > buf.len() as u64 {
                return Err("a page is shorter than it says");
            }
        }
        // The older name for the same.
        let by_dictionary = [Encoding::PLAIN_DICTIONARY, Encoding::RLE_DICTIONARY].contains(&page.encoding());
        if by_dictionary && !self.has_dictionary {
            return Err("its values stand in a dictionary that is not there");
        }
        Ok(())
    }
}

impl PageReader for Checked {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.pages.get_next_page()?;
        if let Some(page) = &page {
            self.check(page).map_err(|what| ParquetError::General(what.to_owned()))?;
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.pages.at_record_boundary()
    }
}

impl Iterator for Checked {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}
