//! What JavaScript names by a number: a place in a list, given out again once it is freed.

/// Values by their numbers.
pub struct Slots<T> {
    entries: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Slots<T> {
    /// Keeps `value` and returns its number.
    pub fn insert(&mut self, value: T) -> u32 {
        if let Some(index) = self.free.pop() {
            self.entries[index as usize] = Some(value);
            index
        } else {
            self.entries.push(Some(value));
            self.entries.len() as u32 - 1
        }
    }

    /// Drops the value, if there is one.
    pub fn remove(&mut self, index: u32) {
        if let Some(entry @ Some(_)) = self.entries.get_mut(index as usize) {
            *entry = None;
            self.free.push(index);
        }
    }

    /// The value, if there is one.
    pub fn get_mut(&mut self, index: u32) -> Option<&mut T> {
        self.entries.get_mut(index as usize)?.as_mut()
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }
}
