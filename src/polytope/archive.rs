//! Certificates as bytes and back: the verdicts on one region (`docs/certificates.md`, section "One region").
//!
//! Contract: [`decode`] reads what [`encode`] wrote, to the bit, and refuses anything else; what it reads is not
//! believed, [`super::verify`] checks it against the rows. Witnesses are written as float32 offsets from the interior
//! point where the caller found these to hold ([`shorten`]).

use super::verdict::{Class, Effort, Faces, Farkas, Verdict, Witness};
use super::{ExactRows, Halfspaces, Observer, Verification, enforce, verify_observed};
use crate::ir::Rational;
use dashu_int::{IBig, UBig};

/// Kinds of certificates.
const UNDECIDED: u8 = 0;
const NEAR_POINT: u8 = 1;
const POINT: u8 = 2;
const EXACT_POINT: u8 = 3;
const MULTIPLIERS: u8 = 4;
const EXACT_MULTIPLIERS: u8 = 5;

/// Bytes that are no certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are no certificates: {0}")]
pub struct Malformed(&'static str);

/// Verifies the verdicts with their witnesses rounded to float32 offsets; where one does not hold, as they were.
///
/// Gives what holds in the end; the verdicts of certificates that do not hold are taken back as by [`enforce`].
pub fn shorten(h: &Halfspaces, exact: &dyn ExactRows, faces: &mut Faces, observer: &Observer) -> Verification {
    let mut long = Vec::new();
    for class in &mut faces.classes {
        let mut kept = None;
        if let Verdict::Face(Witness::Float { point, .. }) = &mut class.verdict {
            let near = point.iter().zip(&faces.interior).map(|(x, c)| c + f64::from((x - c) as f32)).collect();
            kept = Some(std::mem::replace(point, near));
        }
        long.push(kept);
    }
    let mut result = verify_observed(h, exact, faces, observer);
    if !result.sound {
        return enforce(h, exact, faces, observer);
    }
    if result.failed.is_empty() {
        return result;
    }
    let classes = faces.classes.iter().map(|c| Class { rows: c.rows.clone(), verdict: Verdict::Undecided }).collect();
    let mut again = Faces { classes, interior: faces.interior.clone(), effort: Effort::default() };
    for &position in &result.failed {
        let mut verdict = std::mem::replace(&mut faces.classes[position].verdict, Verdict::Undecided);
        if let (Verdict::Face(Witness::Float { point, .. }), Some(kept)) = (&mut verdict, long[position].take()) {
            *point = kept;
        }
        again.classes[position].verdict = verdict;
    }
    let rest = enforce(h, exact, &mut again, observer);
    for &position in &result.failed {
        faces.classes[position].verdict = std::mem::replace(&mut again.classes[position].verdict, Verdict::Undecided);
    }
    result.failed.clear();
    result.merge(&rest);
    result
}

/// The verdicts as bytes.
pub fn encode(faces: &Faces) -> Vec<u8> {
    let mut out = Vec::new();
    number(&mut out, faces.interior.len());
    faces.interior.iter().for_each(|x| out.extend(x.to_le_bytes()));
    number(&mut out, faces.classes.len());
    for class in &faces.classes {
        indices(&mut out, &class.rows);
        match &class.verdict {
            Verdict::Undecided => out.push(UNDECIDED),
            Verdict::Face(Witness::Float { point, .. }) => point_bytes(&mut out, point, &faces.interior),
            Verdict::Face(Witness::Exact { point }) => {
                out.push(EXACT_POINT);
                point.iter().for_each(|x| rational_bytes(&mut out, x));
            }
            Verdict::Redundant(Farkas::Float { rows, multipliers, .. }) => {
                out.push(MULTIPLIERS);
                indices(&mut out, rows);
                multipliers.iter().for_each(|y| out.extend(y.to_le_bytes()));
            }
            Verdict::Redundant(Farkas::Exact { rows, multipliers }) => {
                out.push(EXACT_MULTIPLIERS);
                indices(&mut out, rows);
                multipliers.iter().for_each(|y| rational_bytes(&mut out, y));
            }
        }
    }
    out
}

/// A witness, as float32 offsets where these give it back to the bit.
fn point_bytes(out: &mut Vec<u8>, point: &[f64], interior: &[f64]) {
    let near: Vec<f32> = point.iter().zip(interior).map(|(x, c)| (x - c) as f32).collect();
    if point.iter().zip(interior).zip(&near).all(|((x, c), n)| (c + f64::from(*n)).to_bits() == x.to_bits()) {
        out.push(NEAR_POINT);
        near.iter().for_each(|n| out.extend(n.to_le_bytes()));
    } else {
        out.push(POINT);
        point.iter().for_each(|x| out.extend(x.to_le_bytes()));
    }
}

/// Seven bits a byte, low ones first, the high bit set on all but the last.
fn number(out: &mut Vec<u8>, mut n: usize) {
    while n >= 128 {
        out.push(n as u8 | 128);
        n >>= 7;
    }
    out.push(n as u8);
}

fn indices(out: &mut Vec<u8>, rows: &[usize]) {
    number(out, rows.len());
    rows.iter().for_each(|&r| number(out, r));
}

/// Sign and length of the numerator, its bytes, length of the denominator, its bytes; low bytes first.
fn rational_bytes(out: &mut Vec<u8>, x: &Rational) {
    let (numerator, denominator) = x.clone().into_parts();
    let negative = numerator < IBig::ZERO;
    let magnitude = UBig::try_from(if negative { -numerator } else { numerator }).unwrap_or(UBig::ZERO);
    let (top, bottom) = (magnitude.to_le_bytes(), denominator.to_le_bytes());
    number(out, 2 * top.len() + usize::from(negative));
    out.extend(&*top);
    number(out, bottom.len());
    out.extend(&*bottom);
}

/// The verdicts written by [`encode`]; margins and gaps, which are not stored, are zero.
pub fn decode(bytes: &[u8]) -> Result<Faces, Malformed> {
    let mut input = Input(bytes);
    let d = input.count(8)?;
    let interior: Vec<f64> = (0..d).map(|_| input.double()).collect::<Result<_, _>>()?;
    let count = input.count(2)?;
    let mut classes = Vec::with_capacity(count);
    for _ in 0..count {
        let rows = input.indices()?;
        let verdict = match input.byte()? {
            UNDECIDED => Verdict::Undecided,
            NEAR_POINT => {
                let near = |c: &f64| Ok(c + f64::from(f32::from_le_bytes(input.array()?)));
                let point = interior.iter().map(near).collect::<Result<_, Malformed>>()?;
                Verdict::Face(Witness::Float { point, margin: 0.0 })
            }
            POINT => {
                let point = (0..d).map(|_| input.double()).collect::<Result<_, _>>()?;
                Verdict::Face(Witness::Float { point, margin: 0.0 })
            }
            EXACT_POINT => {
                let point = (0..d).map(|_| input.rational()).collect::<Result<_, _>>()?;
                Verdict::Face(Witness::Exact { point })
            }
            MULTIPLIERS => {
                let rows = input.indices()?;
                let multipliers = rows.iter().map(|_| input.double()).collect::<Result<_, _>>()?;
                Verdict::Redundant(Farkas::Float { rows, multipliers, gap: 0.0 })
            }
            EXACT_MULTIPLIERS => {
                let rows = input.indices()?;
                let multipliers = rows.iter().map(|_| input.rational()).collect::<Result<_, _>>()?;
                Verdict::Redundant(Farkas::Exact { rows, multipliers })
            }
            _ => return Err(Malformed("an unknown kind of certificate")),
        };
        classes.push(Class { rows, verdict });
    }
    if !input.0.is_empty() {
        return Err(Malformed("bytes are left over"));
    }
    Ok(Faces { classes, interior, effort: Effort::default() })
}

/// What is left to read.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], Malformed> {
        let (head, tail) = self.0.split_at_checked(n).ok_or(Malformed("they end too early"))?;
        self.0 = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed("they end too early"))
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        Ok(self.array::<1>()?[0])
    }

    fn double(&mut self) -> Result<f64, Malformed> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    fn number(&mut self) -> Result<usize, Malformed> {
        let mut n = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            n |= usize::from(byte & 127) << shift;
            if byte < 128 {
                return Ok(n);
            }
        }
        Err(Malformed("a number is too long"))
    }

    /// A number of things of at least `size` bytes each, so that it cannot ask for more memory than there are bytes.
    fn count(&mut self, size: usize) -> Result<usize, Malformed> {
        let n = self.number()?;
        if n > self.0.len() / size { Err(Malformed("they end too early")) } else { Ok(n) }
    }

    fn indices(&mut self) -> Result<Vec<usize>, Malformed> {
        let n = self.count(1)?;
        (0..n).map(|_| self.number()).collect()
    }

    fn rational(&mut self) -> Result<Rational, Malformed> {
        let head = self.number()?;
        let numerator = IBig::from(UBig::from_le_bytes(self.take(head / 2)?));
        let length = self.number()?;
        let denominator = UBig::from_le_bytes(self.take(length)?);
        if denominator.is_zero() {
            return Err(Malformed("a denominator is zero"));
        }
        let numerator = if head % 2 == 1 { -numerator } else { numerator };
        Ok(Rational::from(numerator) / Rational::from(IBig::from(denominator)))
    }
}
