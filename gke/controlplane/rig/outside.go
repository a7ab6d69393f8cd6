package rig

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"

	"k8s.io/client-go/rest"
)

// listeners is how many a program gets.
const listeners = 4

// listenOutside opens the listeners where the program was started. A socket stays
// in the network that it was made in, whoever holds it.
func listenOutside() ([]*os.File, error) {
	var files []*os.File
	for range listeners {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		f, err := l.(*net.TCPListener).File()
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// Outside is the i-th of four listeners, counted from 0, at addresses of
// 127.0.0.1 in the network that the program was started in, where nothing else
// of the program can be reached. Only a program that began by [Enter] has them.
// Each can be had once.
func Outside(i int) (net.Listener, error) {
	if n, _ := strconv.Atoi(os.Getenv(outsideEnv)); i < 0 || i >= n {
		return nil, fmt.Errorf("the program has no listener %d outside its namespace", i)
	}
	f := os.NewFile(uintptr(3+i), "outside")
	defer f.Close()
	return net.FileListener(f)
}

// Publish makes the first API server reachable at l, one of [Outside], until the
// cluster is stopped, and writes an administrator's kubeconfig for it.
func (c *Cluster) Publish(l net.Listener) (kubeconfig string, err error) {
	c.OnStop(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go c.forward(conn)
		}
	}()
	cfg := rest.CopyConfig(c.Config)
	cfg.Host = "https://" + l.Addr().String()
	file := c.File("kubeconfig-outside")
	return file, c.WriteKubeconfig(file, cfg)
}

func (c *Cluster) forward(from net.Conn) {
	defer from.Close()
	to, err := net.Dial("tcp", c.First.Address.String())
	if err != nil {
		return
	}
	defer to.Close()
	var both sync.WaitGroup
	both.Go(func() { relay(to, from) })
	both.Go(func() { relay(from, to) })
	both.Wait()
}

// relay passes on what one side says, and that it has finished.
func relay(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.(*net.TCPConn).CloseWrite()
}
