// SPDX-License-Identifier: Apache-2.0

/// The text of a path, `lan:0 -> firewall -> wan:0`, taken apart. Nothing is looked up yet.
package struct LinkText: Hashable, Sendable {
    /// A place on the path; spans are in scalars of the text, from 0.
    package struct End: Hashable, Sendable {
        package var name: String
        package var selector: Selector?
        package var nameSpan: Range<Int>
        package var selectorSpan: Range<Int>
        package var span: Range<Int> { nameSpan.lowerBound..<max(nameSpan.upperBound, selectorSpan.upperBound) }

        package init(
            name: String, selector: Selector? = nil, nameSpan: Range<Int>, selectorSpan: Range<Int>? = nil
        ) {
            self.name = name
            self.selector = selector
            self.nameSpan = nameSpan
            self.selectorSpan = selectorSpan ?? nameSpan.upperBound..<nameSpan.upperBound
        }
    }

    package enum Selector: Hashable, Sendable {
        /// `lan:3`
        case queue(Int)
        /// `firewall[deny]` or `firewall[1]`: a name or an index, as written.
        case output(String)
    }

    package struct Fault: Hashable, Sendable {
        package var message: String
        package var span: Range<Int>
        package var help: String?
    }

    /// In the order of the text; nil where an end could not be read.
    package var ends: [End?]
    package var faults: [Fault]
    /// Where the text ends, in scalars.
    package var length: Int

    package static func parse(_ text: String) -> LinkText {
        var parser = LinkTextParser(text)
        return parser.parse()
    }
}
