package rig

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cri-streaming/pkg/streaming/portforward"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
)

// A Kubelet is the streaming server of one node, in this process: what forwards
// ports in kubelets and container runtimes, behind the kubelet's path for it. It
// runs no Pods. That a Pod's network has no localhost of its own here makes no
// difference to who is at the other end: it connects to the Pod's address.
type Kubelet struct {
	// Address is where it listens.
	Address netip.AddrPort

	cluster *Cluster
	server  *http.Server
}

// StartKubelet starts the streaming server of the node, which is created if need
// be, and tells the API server where it is. It ends with the cluster.
func (c *Cluster) StartKubelet(ctx context.Context, node string) (*Kubelet, error) {
	c.mu.Lock()
	k := &Kubelet{Address: netip.AddrPortFrom(c.Address(byte(firstKubeletHost+c.kubelets)), 10250), cluster: c}
	c.kubelets++
	c.mu.Unlock()
	if err := k.listen(); err != nil {
		return nil, err
	}
	c.OnStop(k.Stop)
	if err := c.createNode(ctx, Endpoint{Node: node}); err != nil {
		return nil, err
	}
	n, err := c.Client.CoreV1().Nodes().Get(ctx, node, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	n.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: k.Address.Addr().String()}}
	n.Status.DaemonEndpoints.KubeletEndpoint.Port = int32(k.Address.Port())
	_, err = c.Client.CoreV1().Nodes().UpdateStatus(ctx, n, metav1.UpdateOptions{})
	return k, err
}

// listen serves those whom the cluster's client CA vouches for, as the API server.
func (k *Kubelet) listen() error {
	pair, err := k.cluster.ServerCA.Issue(controlplane.Certificate{Names: []string{k.Address.Addr().String()}})
	if err != nil {
		return err
	}
	cert, err := pair.TLS()
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", k.Address.String())
	if err != nil {
		return err
	}
	k.server = &http.Server{
		Handler:   k,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}, ClientCAs: k.cluster.ClientCA.Pool(), ClientAuth: tls.RequireAndVerifyClientCert, NextProtos: []string{"http/1.1"}},
		ErrorLog:  log.New(io.Discard, "", 0),
	}
	go func() { _ = k.server.ServeTLS(l, "", "") }()
	return nil
}

// Stop ends the streaming server: connections are refused. It may be called again.
func (k *Kubelet) Stop() { _ = k.server.Close() }

// ServeHTTP serves /portForward/NAMESPACE/POD (k8s.io/kubernetes
// pkg/kubelet/server/server.go, getPortForward).
func (k *Kubelet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	pod, ok := strings.CutPrefix(r.URL.Path, "/portForward/")
	if !ok {
		http.NotFound(w, r)
		return
	}
	portforward.ServePortForward(w, r, k, pod, "", nil, time.Minute, 30*time.Second, portforward.SupportedProtocols)
}

// PortForward implements [portforward.PortForwarder] for a Pod named as
// NAMESPACE/POD.
func (k *Kubelet) PortForward(ctx context.Context, pod, _ string, port int32, stream io.ReadWriteCloser) error {
	namespace, name, _ := strings.Cut(pod, "/")
	p, err := k.cluster.Client.CoreV1().Pods(namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err), err == nil && p.Status.PodIP == "":
		return fmt.Errorf("pod %s is not running", pod)
	case err != nil:
		return err
	}
	conn, err := net.Dial("tcp", net.JoinHostPort(p.Status.PodIP, strconv.Itoa(int(port))))
	if err != nil {
		return fmt.Errorf("failed to connect inside the namespace of pod %s: %w", pod, err)
	}
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(conn, stream)
		_ = conn.Close()
	})
	both.Go(func() {
		_, _ = io.Copy(stream, conn)
		_ = stream.Close()
	})
	both.Wait()
	return nil
}
