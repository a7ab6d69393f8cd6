//go:build !unix

package controlplane

import "os/exec"

// Become is for Linux: elsewhere all API servers have this machine's host name.
func Become() (code int, failed bool) { return 0, false }

// RenamesHosts is false: host names of their own take Linux.
func RenamesHosts() bool { return false }

func isolate(*exec.Cmd, string) {}
