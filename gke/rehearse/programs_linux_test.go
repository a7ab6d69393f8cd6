package rehearse_test

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
)

// insteadEnv makes this test program run another, with its arguments, once it has taken
// the port that it is told to listen on.
const insteadEnv = "REHEARSE_TEST_INSTEAD_OF"

func init() {
	if program := os.Getenv(insteadEnv); program != "" {
		os.Exit(instead(program))
	}
}

// instead runs the program with a port of its taken.
func instead(program string) int {
	for _, a := range os.Args[1:] {
		flag, value, _ := strings.Cut(a, "=")
		switch flag {
		case "--listen-client-urls":
			u, err := url.Parse(value)
			if err != nil {
				return 2
			}
			value = u.Host
		case "--secure-port":
			value = "127.0.0.1:" + value
		default:
			continue
		}
		l, err := net.Listen("tcp", value)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 2
		}
		defer l.Close()
	}
	cmd := exec.Command(program, os.Args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	_ = cmd.Run()
	return cmd.ProcessState.ExitCode()
}

// takesPort has b run by this test program, which takes its port before.
func takesPort(t *testing.T, b *binaries.Binary) error {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	script := filepath.Join(t.TempDir(), b.Name)
	text := fmt.Sprintf("#!/bin/sh\n%s='%s' exec '%s' \"$@\"\n", insteadEnv, b.Path, self)
	b.Path = script
	return os.WriteFile(script, []byte(text), 0o755)
}

// small mounts a disk of that size there.
func small(dir string, size int) error {
	return syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size))
}
