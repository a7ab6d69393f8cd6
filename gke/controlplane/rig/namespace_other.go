//go:build !linux

package rig

import (
	"errors"
	"os"
	"syscall"
)

// What stops a process and lets it go on takes Linux, as all of the rig does.
const (
	freeze = syscall.SIGTERM
	thaw   = syscall.SIGTERM
)

func enter(func() int, func() ([]*os.File, error)) (int, error) {
	return 0, errors.New("it takes Linux")
}
