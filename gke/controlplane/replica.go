package controlplane

import (
	"bytes"
	"context"
	"crypto/tls"
	_ "embed"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"time"
)

//go:embed audit-policy.yaml
var auditPolicy []byte

// A Replica is one API server, with an address, a host name, front-proxy CA and
// client CA data of its own.
type Replica struct {
	// Version is such as "1.36.3".
	Version string
	// Address is where it listens.
	Address netip.AddrPort
	// Dir holds its log, its audit log and its keys.
	Dir string

	advertise netip.Addr
	process   *Process
	client    *http.Client
	// launch starts the process, again too, with that file as its log.
	launch func(log string) (*Process, error)
}

// URL is the API server's base URL.
func (r *Replica) URL() string { return "https://" + r.Address.String() }

// Log is the file that holds what the API server has said.
func (r *Replica) Log() string { return r.process.Log }

// Process is the one that runs, or ran last.
func (r *Replica) Process() *Process { return r.process }

// Stop kills the API server, which then leaves its identity lease and its
// endpoint behind, as a machine that fails does. It may be called again.
func (r *Replica) Stop() { r.process.Stop() }

// startReplica starts an API server of that minor, under that host's name; it is
// not ready yet.
func (c *Cluster) startReplica(minor string, host int, flags []string) (*Replica, error) {
	b, err := c.options.Find("kube-apiserver", minor)
	if err != nil {
		return nil, err
	}
	n := len(c.Replicas())
	place, err := c.options.Hosts.Server(n)
	if err != nil {
		return nil, err
	}
	r := &Replica{
		Version: b.Version, Address: place.Listen, advertise: place.Advertise,
		Dir: c.File(fmt.Sprintf("apiserver-%d-%s", n, b.Version)),
	}
	if err := r.makeKeys(c, n); err != nil {
		return nil, err
	}
	args := append(append(r.flags(c), c.options.Flags...), flags...)
	hostname := fmt.Sprintf("control-plane-%d", host)
	if c.options.OneHostname {
		hostname = ""
	}
	r.launch = func(log string) (*Process, error) {
		return startAs("kube-apiserver "+b.Version, log, hostname, b.Path, args...)
	}
	if r.process, err = r.launch(r.file("log")); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.replicas = append(c.replicas, r)
	return r, nil
}

func (r *Replica) makeKeys(c *Cluster, n int) error {
	if err := os.Mkdir(r.Dir, 0o700); err != nil {
		return err
	}
	frontProxy, clientCAs, frontProxyCAs, err := c.trusted(n)
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{"front-proxy-ca.crt": frontProxyCAs, "client-ca.crt": clientCAs} {
		if err := os.WriteFile(r.file(name), data, 0o600); err != nil {
			return err
		}
	}
	for name, issue := range map[string]struct {
		by *Authority
		Certificate
	}{
		"front-proxy-client": {frontProxy, Certificate{User: "front-proxy-client"}},
		"server":             {c.ServerCA, Certificate{Names: []string{r.Address.Addr().String(), "127.0.0.1", "kubernetes.default.svc"}}},
		"kubelet-client":     {c.ClientCA, Certificate{User: "kube-apiserver-kubelet-client", Groups: []string{"system:masters"}}},
		"probe":              {c.ClientCA, Certificate{User: "rig", Groups: []string{"system:masters"}}},
	} {
		pair, err := issue.by.Issue(issue.Certificate)
		if err == nil {
			err = pair.Write(r.file(name))
		}
		if err != nil {
			return err
		}
	}
	return r.makeClient(c)
}

// trusted are whom the n-th API server trusts: with [Options.Trust] the same as all
// others, else also CAs of its own.
func (c *Cluster) trusted(n int) (frontProxy *Authority, clientCAs, frontProxyCAs []byte, err error) {
	if t := c.options.Trust; t != nil {
		frontProxyCAs = t.FrontProxyCAs
		if len(frontProxyCAs) == 0 {
			frontProxyCAs = c.frontProxy.PEM
		}
		return c.frontProxy, bytes.Join([][]byte{t.ClientCAs, c.ClientCA.PEM}, []byte("\n")), frontProxyCAs, nil
	}
	if frontProxy, err = NewAuthority(fmt.Sprintf("rig-front-proxy-ca-%d", n)); err != nil {
		return nil, nil, nil, err
	}
	clientCAs = c.ClientCA.PEM
	if n > 0 {
		own, err := NewAuthority(fmt.Sprintf("rig-client-ca-%d", n))
		if err != nil {
			return nil, nil, nil, err
		}
		clientCAs = bytes.Join([][]byte{clientCAs, own.PEM}, nil)
	}
	return frontProxy, clientCAs, frontProxy.PEM, nil
}

func (r *Replica) makeClient(c *Cluster) error {
	pair, err := tls.LoadX509KeyPair(r.file("probe.crt"), r.file("probe.key"))
	if err != nil {
		return err
	}
	r.client = &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: c.ServerCA.Pool(), Certificates: []tls.Certificate{pair}}},
	}
	return nil
}

func (r *Replica) flags(c *Cluster) []string {
	return []string{
		"--etcd-servers=http://" + c.etcdClient.String(),
		"--bind-address=" + r.Address.Addr().String(),
		"--advertise-address=" + r.advertise.String(),
		fmt.Sprintf("--secure-port=%d", r.Address.Port()),
		"--tls-cert-file=" + r.file("server.crt"),
		"--tls-private-key-file=" + r.file("server.key"),
		"--client-ca-file=" + r.file("client-ca.crt"),
		"--requestheader-client-ca-file=" + r.file("front-proxy-ca.crt"),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-username-headers=X-Remote-User",
		"--proxy-client-cert-file=" + r.file("front-proxy-client.crt"),
		"--proxy-client-key-file=" + r.file("front-proxy-client.key"),
		"--kubelet-client-certificate=" + r.file("kubelet-client.crt"),
		"--kubelet-client-key=" + r.file("kubelet-client.key"),
		"--kubelet-certificate-authority=" + c.File("server-ca.crt"),
		"--kubelet-preferred-address-types=InternalIP",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + c.File("service-accounts.crt"),
		"--service-account-signing-key-file=" + c.File("service-accounts.key"),
		"--service-cluster-ip-range=10.96.0.0/16",
		"--authorization-mode=Node,RBAC",
		"--enable-aggregator-routing=true",
		"--allow-privileged=true",
		"--audit-policy-file=" + c.File("audit-policy.yaml"),
		"--audit-log-path=" + r.file("audit.log"),
		"--audit-log-maxsize=100000",
	}
}

func (r *Replica) file(name string) string { return filepath.Join(r.Dir, name) }

func (r *Replica) ready(ctx context.Context) bool {
	status, err := status(ctx, r.client, r.URL()+"/readyz")
	return err == nil && status == http.StatusOK
}

func get(ctx context.Context, url string) (int, error) { return status(ctx, http.DefaultClient, url) }

func status(ctx context.Context, client *http.Client, url string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	return resp.StatusCode, nil
}
