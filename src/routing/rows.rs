//! What is known of each user, one beside the other: whoever goes through ten thousand of them reads memory in its order
//! and searches nothing.

use super::ids::{ById, UserId};
use std::num::NonZeroU32;

/// Where somebody's row is. It never moves; but a place may be of other rows than those it is looked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(NonZeroU32);

impl Place {
    fn at(index: usize) -> Self {
        let number = u32::try_from(index + 1).ok().and_then(NonZeroU32::new);
        Self(number.expect("there are fewer users"))
    }

    fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// A map by user, in the order in which they came. Nobody is ever taken out.
#[derive(Debug, Clone)]
pub struct Rows<T> {
    places: ById<UserId, Place>,
    rows: Vec<(UserId, T)>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { places: ById::default(), rows: Vec::new() }
    }
}

impl<T: Default> Rows<T> {
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn place(&self, user: UserId) -> Option<Place> {
        self.places.get(&user).copied()
    }

    pub fn get(&self, user: UserId) -> Option<&T> {
        self.rows.get(self.place(user)?.index()).map(|(_, row)| row)
    }

    /// The same, where they are thought to be at `place`.
    #[inline]
    pub fn at(&self, place: Option<Place>, user: UserId) -> Option<&T> {
        match place.and_then(|place| self.rows.get(place.index())) {
            Some((there, row)) if *there == user => Some(row),
            _ => self.get(user),
        }
    }

    /// Their row, made if they have none.
    pub fn of(&mut self, user: UserId) -> &mut T {
        let next = self.rows.len();
        let place = self.places.entry(user).or_insert_with(|| {
            self.rows.push((user, T::default()));
            Place::at(next)
        });
        &mut self.rows[place.index()].1
    }

    pub fn iter(&self) -> impl Iterator<Item = (UserId, &T)> {
        self.rows.iter().map(|(user, row)| (*user, row))
    }
}

#[cfg(test)]
mod tests {
    use super::super::ids::Ids;
    use super::*;

    #[test]
    fn a_place_finds_the_row_of_its_user_and_one_of_other_rows_is_not_believed() {
        let mut ids = Ids::new(1);
        let [ann, ben, cem] = [(); 3].map(|()| UserId(ids.next(1)));
        let (mut rows, mut others) = (Rows::<u32>::default(), Rows::<u32>::default());
        (*rows.of(ann), *rows.of(ben)) = (1, 2);
        *others.of(ben) = 7;
        let place = rows.place(ben);
        assert_eq!(
            (rows.at(place, ben), rows.at(None, ann), rows.at(place, ann)),
            (Some(&2), Some(&1), Some(&1))
        );
        assert_eq!(others.at(place, ben), Some(&7));
        assert_eq!((rows.at(place, cem), rows.at(None, cem), rows.place(cem)), (None, None, None));
        *rows.of(ann) += 10;
        assert_eq!(Vec::from_iter(rows.iter()), [(ann, &11), (ben, &2)]);
        assert_eq!((rows.len(), Rows::<u32>::default().is_empty()), (2, true));
    }
}
