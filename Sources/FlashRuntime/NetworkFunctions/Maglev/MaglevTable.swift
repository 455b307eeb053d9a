// SPDX-License-Identifier: Apache-2.0

/// The lookup table of the Maglev paper (NSDI 2016, section 3.4 and its pseudocode 1).
enum MaglevTable {
    /// Each backend has a permutation of all entries, made from its name alone: `offset`, then steps of `skip`. In turn,
    /// each takes the first entry of its permutation that is still free, until none is.
    ///
    /// The backends take their turns in the order of their names, so that the order in the file does not matter.
    ///
    /// - Parameters:
    ///   - backends: 1 to 65,536 different names.
    ///   - size: a prime, so that every skip reaches every entry; at least the number of backends.
    /// - Returns: for each entry the index of its backend.
    static func entries(backends: [String], size: Int) -> [UInt16] {
        var entries = [UInt16](repeating: 0, count: size)
        var isTaken = [Bool](repeating: false, count: size)
        var turns = backends.indices.sorted { backends[$0] < backends[$1] }.map { index in
            let name = hash(backends[index])
            return (
                backend: UInt16(truncatingIfNeeded: index), next: Int(name.high % UInt64(size)),
                skip: Int(name.low % UInt64(max(size - 1, 1))) + 1
            )
        }
        var free = size
        while true {
            for turn in turns.indices {
                while isTaken[turns[turn].next] {
                    turns[turn].next = (turns[turn].next + turns[turn].skip) % size
                }
                isTaken[turns[turn].next] = true
                entries[turns[turn].next] = turns[turn].backend
                free -= 1
                if free == 0 { return entries }
            }
        }
    }

    /// Two independent 64-bit numbers: FNV-1a over the name, then the finishing steps of SplitMix64 (Steele et al.,
    /// OOPSLA 2014) twice.
    private static func hash(_ name: String) -> (high: UInt64, low: UInt64) {
        var state: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 {
            state = (state ^ UInt64(byte)) &* 0x100_0000_01B3
        }
        return (finish(state &+ 0x9E37_79B9_7F4A_7C15), finish(state &+ 0x3C6E_F372_FE94_F82A))
    }

    private static func finish(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    static func isPrime(_ number: Int) -> Bool {
        guard number > 3 else { return number > 1 }
        var divisor = 2
        while divisor * divisor <= number {
            if number % divisor == 0 { return false }
            divisor += 1
        }
        return true
    }

    /// A prime that lies as near as any other, below `1 << 20`.
    static func prime(near number: Int) -> Int? {
        for distance in 0...max(number, 1) {
            if isPrime(number - distance) { return number - distance }
            if number + distance < 1 << 20, isPrime(number + distance) { return number + distance }
        }
        return nil
    }
}
