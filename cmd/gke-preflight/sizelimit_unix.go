//go:build unix

package main

import (
	"os/signal"
	"syscall"
)

// heedFileSizes makes a file that grows over ulimit -f an error of the write, as a
// full disk is; the signal would end the program in the midst of it.
func heedFileSizes() { signal.Ignore(syscall.SIGXFSZ) }
