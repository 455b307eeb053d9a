// SPDX-License-Identifier: Apache-2.0

import FlashRuntime
import Glibc

// A worker for tests: enters the confinement, says so on descriptor 3, waits there for a byte, then does what its
// first argument says and exits with 0 where it survived that.

/// A second thread, started before the confinement as a worker's are.
func startSleeper() {
    var thread = pthread_t()
    pthread_create(
        &thread, nil,
        { _ in
            while true { sleep(1000) }
        }, nil)
}

let action = CommandLine.arguments.dropFirst().first ?? ""
var byte: UInt8 = 1
startSleeper()
do {
    if action != "unconfined" { try Confinement.enter() }
} catch {
    print("cannot enter the confinement: \(error)")
    exit(2)
}
guard write(3, &byte, 1) == 1, read(3, &byte, 1) >= 0 else { exit(3) }

switch action {
case "open": _ = open("/etc/passwd", O_RDONLY)
case "socket": _ = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
case "fork": _ = fork()
case "executable": _ = mmap(nil, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
case "abort": abort()
case "work":
    // What a worker may do: memory, time, text, messages.
    let memory = mmap(nil, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard memory != MAP_FAILED else { exit(4) }
    madvise(memory, 1 << 20, MADV_DONTNEED)
    munmap(memory, 1 << 20)
    var bytes = [UInt8](repeating: 7, count: 1 << 22)
    bytes.append(8)
    usleep(1)
    print("worked: \(bytes.count) bytes, \(Int.random(in: 1...1))")
    var ready = pollfd(fd: 3, events: Int16(POLLIN), revents: 0)
    poll(&ready, 1, 0)
    write(3, &byte, 1)
case "log":
    // 64 MiB, if it may.
    let text = [UInt8](repeating: 10, count: 1 << 20)
    for _ in 0..<64 where write(1, text, text.count) < 0 { exit(errno == EFBIG ? 0 : 4) }
    exit(5)
case "memory":
    // 64 GiB of addresses, if it may: no page of it is touched.
    for _ in 0..<1024 {
        let part = mmap(nil, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        if part == MAP_FAILED { exit(errno == ENOMEM ? 0 : 4) }
    }
    exit(5)
default: break
}
exit(0)
