package dial

import (
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestConnectTimeout asks an address whose queue of connections is full.
func TestConnectTimeout(t *testing.T) {
	l := fullQueue(t)
	b := backend{address: l, ca: newAuthority(t, time.Now().Add(time.Hour))}
	outcome{answer: facts.ConnectTimeout, detail: "no connection within 300ms"}.check(t, askOnce(t, b, clusterRole("a"), within(300*time.Millisecond)))
}

// fullQueue returns an address that takes no more connections: its listener has
// room for one that nobody accepts, and that is taken.
func fullQueue(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	sa, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", sa.(*syscall.SockaddrInet4).Port)
	for {
		conn, err := net.DialTimeout("tcp", address, 200*time.Millisecond)
		if err != nil {
			return address
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
}
