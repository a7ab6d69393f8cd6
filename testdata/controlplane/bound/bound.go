// Package bound holds what benchmarks measure against what they may come to, and says each
// in a line of its own, whether it fails or not.
package bound

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Hold prints what was measured beside the most that it may be and the machine's load, and
// fails b if it is more. Unit is such as times, MB or s.
func Hold(b testing.TB, what string, measured, most float64, unit string) {
	b.Helper()
	verdict := "ok"
	if measured > most {
		verdict = "over"
		b.Errorf("%s: %.2f %s, more than %.2f", what, measured, unit, most)
	}
	// The name of the benchmark may stand on the line already.
	fmt.Printf("\n%-4s  %8.2f %-5s  bound %7.2f  load %-5s  %s\n", verdict, measured, unit, most, load(), what)
}

// load is how many processes wanted to run in the last minute; ? where the kernel does not
// tell.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "?"
	}
	last, _, _ := strings.Cut(string(b), " ")
	return last
}
