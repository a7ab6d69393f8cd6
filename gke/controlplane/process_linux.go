package controlplane

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// hostnameEnv makes a program take that host name and become the command that its
// arguments give.
const hostnameEnv = "GKE_PREFLIGHT_CONTROLPLANE_HOSTNAME"

// Become makes this process the API server that it was started for, where [Cluster]
// started it to give that a host name of its own: an API server knows no flag for it. It
// returns only if there is nothing to become, or if that can't be, with an exit code. It
// belongs first in a main function.
func Become() (code int, failed bool) {
	name := os.Getenv(hostnameEnv)
	if name == "" {
		return 0, false
	}
	command := os.Args[1:]
	err := os.Unsetenv(hostnameEnv)
	if err == nil {
		err = unix.Sethostname([]byte(name))
	}
	if err == nil {
		err = unix.Exec(command[0], command, os.Environ())
	}
	fmt.Fprintf(os.Stderr, "controlplane: run %s as host %s: %v\n", command[0], name, err)
	return 127, true
}

// isolate keeps the terminal's signals from cmd, which has not started, makes it end
// with this process, and makes it run under that host name unless the name is empty.
func isolate(cmd *exec.Cmd, hostname string) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if hostname == "" {
		return
	}
	cmd.Args = append([]string{os.Args[0], cmd.Path}, cmd.Args[1:]...)
	cmd.Path = "/proc/self/exe"
	cmd.Env = append(cmd.Environ(), hostnameEnv+"="+hostname)
	cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUTS
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
}

// RenamesHosts reports whether API servers can be given host names of their own here,
// by a process of no consequence.
func RenamesHosts() bool {
	cmd := exec.Command("/bin/true")
	isolate(cmd, "probe")
	return cmd.Run() == nil
}
