//go:build unix

package plugin

import (
	"os/exec"
	"syscall"
)

// apart gives the command a process group of its own, all of which ends with it: what
// hangs is mostly a program that the plugin has called.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
