//! Encodes numbers and texts as bytes, and decodes untrusted bytes.
//!
//! Numbers are written seven bits at a time, lowest first; the high bit of a byte means
//! that more bytes follow. Differences are *zigzag* numbers, so that a small step back
//! is as short as one forwards; they wrap, so that every pair of numbers has one.

use std::num::NonZeroU64;

/// Why bytes cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Damage(pub(super) &'static str);

pub(super) fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Writes a difference from a wrapping subtraction.
pub(super) fn put_signed(out: &mut Vec<u8>, difference: u64) {
    let signed = difference as i64;
    put(out, ((signed << 1) ^ (signed >> 63)) as u64);
}

/// Writes all bits of a number, so that it is decoded exactly.
pub(super) fn put_f64(out: &mut Vec<u8>, number: f64) {
    out.extend_from_slice(&number.to_le_bytes());
}

pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Bytes to read from front to back.
#[derive(Debug)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> Result<u8, Damage> {
        let (first, rest) = self.0.split_first().ok_or(Damage("an incomplete fact"))?;
        self.0 = rest;
        Ok(*first)
    }

    pub(super) fn varint(&mut self) -> Result<u64, Damage> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Damage("a number that is too large"))
    }

    /// A number, checked to fit its type.
    pub(super) fn number<T: TryFrom<u64>>(&mut self) -> Result<T, Damage> {
        T::try_from(self.varint()?).map_err(|_| Damage("a number that is too large"))
    }

    /// A count of at most `most`.
    pub(super) fn count(&mut self, most: usize) -> Result<usize, Damage> {
        self.number().ok().filter(|count| *count <= most).ok_or(Damage("a count that is too large"))
    }

    /// A difference for wrapping addition.
    pub(super) fn signed(&mut self) -> Result<u64, Damage> {
        let zigzag = self.varint()?;
        Ok((zigzag >> 1) ^ (zigzag & 1).wrapping_neg())
    }

    /// An id, written as its difference to another one. No id is 0.
    pub(super) fn beside(&mut self, other: u64) -> Result<NonZeroU64, Damage> {
        NonZeroU64::new(other.wrapping_add(self.signed()?)).ok_or(Damage("an id of 0"))
    }

    pub(super) fn float(&mut self) -> Result<f64, Damage> {
        let (number, rest) = self.0.split_first_chunk().ok_or(Damage("an incomplete fact"))?;
        self.0 = rest;
        Ok(f64::from_le_bytes(*number))
    }

    pub(super) fn text(&mut self, most: usize) -> Result<&'a str, Damage> {
        let length = self.count(most)?;
        let (text, rest) = self.0.split_at_checked(length).ok_or(Damage("an incomplete text"))?;
        self.0 = rest;
        std::str::from_utf8(text).map_err(|_| Damage("a text that is not UTF-8"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_differences_come_back() {
        let numbers = [0, 1, 127, 128, 300, u64::from(u32::MAX), i64::MAX as u64, 1 << 63, u64::MAX - 1, u64::MAX];
        for number in numbers {
            let mut out = Vec::new();
            put(&mut out, number);
            assert_eq!(Bytes(&out).varint(), Ok(number));
            for other in numbers {
                out.clear();
                put_signed(&mut out, number.wrapping_sub(other));
                assert_eq!(Bytes(&out).signed().map(|by| other.wrapping_add(by)), Ok(number), "{other} to {number}");
            }
        }
    }

    #[test]
    fn a_small_step_takes_one_byte_either_way() {
        for (step, length) in [(0_i64, 1), (63, 1), (-64, 1), (64, 2), (-65, 2)] {
            let mut out = Vec::new();
            put_signed(&mut out, step as u64);
            assert_eq!(out.len(), length, "{step}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        assert!(Bytes(&[0x80]).varint().is_err());
        assert!(Bytes(&[0xff; 9]).varint().is_err());
        assert!(Bytes(&[0xff; 11]).varint().is_err());
        assert!(Bytes(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]).varint().is_err());
        assert!(Bytes(&[0x80, 0x02]).number::<u8>().is_err());
        assert!(Bytes(&[0x01]).beside(2).is_ok());
        assert!(Bytes(&[0x01]).beside(1).is_err(), "nothing has the number 0");
        assert!(Bytes(&[0x02]).beside(u64::MAX).is_err(), "not by wrapping either");
    }

    #[test]
    fn a_text_is_as_long_as_it_says_and_utf_8() {
        assert_eq!(Bytes(b"\x02hi!").text(2), Ok("hi"));
        assert!(Bytes(b"\x02hi").text(1).is_err());
        assert!(Bytes(b"\x03hi").text(9).is_err());
        assert!(Bytes(b"\x02\xc3\x28").text(9).is_err());
    }
}
