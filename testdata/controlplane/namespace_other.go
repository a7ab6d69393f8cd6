//go:build !linux

package controlplane

import (
	"errors"
	"os"
	"os/exec"
)

var errNotLinux = errors.New("it takes Linux")

func enter(func() int, func() ([]*os.File, error)) (int, error) { return 0, errNotLinux }

func isolate(*exec.Cmd, string) {}

func (p *process) freeze() error { return errNotLinux }

func (p *process) thaw() error { return errNotLinux }
