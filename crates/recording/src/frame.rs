//! The framing of a recording: its opening and its chunks.

use std::io::{self, Read};

use super::OpenError;
use super::bytes::Damage;

/// The first bytes of every recording.
const MAGIC: [u8; 8] = *b"APLAYREC";
/// The version of the format.
pub(super) const VERSION: u16 = 5;
/// The maximum size of a header in bytes.
const MOST_HEADER: usize = 64 << 10;
/// The maximum size of a chunk before compression, in bytes. Chunks are written long before that.
const MOST_CHUNK: usize = 4 << 20;
/// The maximum size of a chunk in the file, in bytes: incompressible data grows by less than a 255th.
const MOST_PACKED: usize = MOST_CHUNK + MOST_CHUNK / 128;
/// The size of a chunk's head, including the checksum, in bytes.
const HEAD: usize = 20;

/// The kind of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Facts.
    Facts = 1,
    /// The end of the run.
    Footer = 2,
    /// The living, or a part of them.
    Keyframe = 3,
}

/// Which part of a keyframe a chunk has: bits of the byte after its kind.
pub(super) mod part {
    /// Another part follows.
    pub(crate) const MORE: u8 = 1;
    /// It continues the chunk before it.
    pub(crate) const CONTINUED: u8 = 2;
}

/// A chunk that was read.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) kind: Kind,
    /// Bits of [`part`].
    pub(super) part: u8,
    /// The number of facts according to its head.
    pub(super) facts: u32,
    pub(super) content: Vec<u8>,
    /// Its size in the file, in bytes.
    pub(super) length: u64,
}

/// The bytes before the first chunk.
pub(super) fn opening(header: &[u8]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&(header.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(header).to_le_bytes());
    bytes.extend_from_slice(header);
    bytes
}

/// Reads what [`opening`] has written, and returns the header.
pub(super) fn open(from: &mut impl Read) -> Result<Vec<u8>, OpenError> {
    let mut first = [0; 8];
    fill(from, &mut first, OpenError::NotARecording)?;
    if first != MAGIC {
        return Err(OpenError::NotARecording);
    }
    let short = || OpenError::Header("the file ends within it".to_owned());
    let mut version = [0; 2];
    fill(from, &mut version, short())?;
    let version = u16::from_le_bytes(version);
    if version != VERSION {
        return Err(OpenError::Version(version));
    }
    let mut lengths = [0; 8];
    fill(from, &mut lengths, short())?;
    let (length, sum) = (u32_at(&lengths, 0) as usize, u32_at(&lengths, 4));
    if length > MOST_HEADER {
        return Err(OpenError::Header(format!("its length of {length} bytes is too large")));
    }
    let mut header = vec![0; length];
    fill(from, &mut header, short())?;
    if crc32fast::hash(&header) != sum {
        return Err(OpenError::Header("its checksum is wrong".to_owned()));
    }
    Ok(header)
}

fn fill(from: &mut impl Read, bytes: &mut [u8], short: OpenError) -> Result<(), OpenError> {
    from.read_exact(bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => short,
        _ => OpenError::Io(error),
    })
}

/// Replaces `out` by a chunk with this content.
pub(super) fn pack((kind, part): (Kind, u8), facts: u32, content: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.resize(HEAD + lz4_flex::block::get_maximum_output_size(content.len()), 0);
    // This cannot fail: the buffer has the maximum output size.
    let length = lz4_flex::block::compress_into(content, &mut out[HEAD..]).unwrap_or(0);
    out.truncate(HEAD + length);
    out[0..4].copy_from_slice(&(length as u32).to_le_bytes());
    out[4..8].copy_from_slice(&(content.len() as u32).to_le_bytes());
    out[8..12].copy_from_slice(&facts.to_le_bytes());
    (out[12], out[13]) = (kind as u8, part);
    let sum = sum(&out[..HEAD - 4], &out[HEAD..]);
    out[HEAD - 4..HEAD].copy_from_slice(&sum.to_le_bytes());
}

/// Whether a keyframe begins with this chunk.
pub(super) fn begins_keyframe(chunk: &[u8]) -> bool {
    chunk.get(12..14).is_some_and(|kind| kind[0] == Kind::Keyframe as u8 && kind[1] & part::CONTINUED == 0)
}

/// The number of facts in a chunk that are not part of a keyframe.
pub(super) fn facts(chunk: &[u8]) -> u32 {
    if chunk.get(12) == Some(&(Kind::Facts as u8)) { u32_at(chunk, 8) } else { 0 }
}

/// Reads the next chunk. Returns `None` at the end of the file; an end within a chunk is an error.
pub(super) fn unpack(from: &mut impl Read) -> Result<Option<Chunk>, Damage> {
    let mut head = Vec::with_capacity(HEAD);
    take(from, HEAD, &mut head)?;
    if head.is_empty() {
        return Ok(None);
    }
    if head.len() < HEAD {
        return Err(CUT);
    }
    let (length, size, facts) = (u32_at(&head, 0) as usize, u32_at(&head, 4) as usize, u32_at(&head, 8));
    if length > MOST_PACKED || size > MOST_CHUNK {
        return Err(Damage("a chunk that is too large"));
    }
    let mut packed = Vec::with_capacity(length);
    take(from, length, &mut packed)?;
    if packed.len() < length {
        return Err(CUT);
    }
    if sum(&head[..HEAD - 4], &packed) != u32_at(&head, HEAD - 4) {
        return Err(Damage("a chunk with a wrong checksum"));
    }
    let kind = match head[12..16] {
        [1, 0, 0, 0] => Kind::Facts,
        [2, 0, 0, 0] => Kind::Footer,
        [3, 0..=3, 0, 0] => Kind::Keyframe,
        _ => return Err(Damage("a chunk of an unknown kind")),
    };
    let content = lz4_flex::block::decompress(&packed, size).map_err(|_| Damage("a chunk that cannot be decompressed"))?;
    if content.len() != size {
        return Err(Damage("a chunk with a wrong length"));
    }
    Ok(Some(Chunk { kind, part: head[13], facts, content, length: (HEAD + length) as u64 }))
}

/// The file ends within a chunk.
pub(super) const CUT: Damage = Damage("the middle of a chunk");

fn take(from: &mut impl Read, length: usize, out: &mut Vec<u8>) -> Result<(), Damage> {
    from.take(length as u64).read_to_end(out).map(|_| ()).map_err(|_| Damage("an unreadable part"))
}

fn sum(head: &[u8], packed: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(head);
    hasher.update(packed);
    hasher.finalize()
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}
