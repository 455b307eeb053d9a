# SPDX-License-Identifier: Apache-2.0
"""Latencies counted to 3 digits, as in HdrHistogram: exact below 2,048 ns, then 1,024 buckets for each power of two."""

BUCKETS = 32 * 1024


def middle(bucket):
    """The middle of a bucket, in nanoseconds."""
    shift = max(bucket // 1024 - 1, 0)
    return ((bucket - shift * 1024) << shift) + (1 << shift) // 2


def quantiles(counts):
    """`{"packets": N, "p50": ns, "p99": ns, "p99.9": ns, "max": ns}` of pairs (bucket, count) in order."""
    counts = list(counts)
    total = sum(count for _, count in counts)
    report = {"packets": total}
    limits = {"p50": total * 0.5, "p99": total * 0.99, "p99.9": total * 0.999, "max": total}
    seen = 0
    for bucket, count in counts:
        seen += count
        for name, limit in limits.items():
            if count and seen >= limit:
                report.setdefault(name, middle(bucket))
    return report
