//go:build unix && !linux

package controlplane

import (
	"os/exec"
	"syscall"
)

// Become is for Linux: elsewhere all API servers have this machine's host name.
func Become() (code int, failed bool) { return 0, false }

// RenamesHosts is false: host names of their own take Linux.
func RenamesHosts() bool { return false }

// isolate keeps the terminal's signals from cmd. Here the kernel ends no child with its
// parent.
func isolate(cmd *exec.Cmd, _ string) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
