package rig

import (
	"context"
	"crypto/tls"
	_ "embed"
	"errors"
	"net/http"
	"os"
	"path/filepath"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
)

//go:embed opa.rego
var opaPolicy []byte

// OPA is a real Open Policy Agent behind a Service. It admits everything but
// Pods with an image of docker.io. A webhook reaches it at the path "/".
type OPA struct {
	Endpoint

	process *controlplane.Process
}

// StartOPA starts Open Policy Agent and creates what makes its Service lead to
// it; see [Cluster.Expose]. Of the options Behaviour is not used. It ends with
// the cluster.
func (c *Cluster) StartOPA(ctx context.Context, o BackendOptions) (*OPA, error) {
	b, err := binaries.Find("opa", "")
	if err != nil {
		return nil, err
	}
	endpoint, pair, err := c.newEndpoint(o)
	if err != nil {
		return nil, err
	}
	dir := c.File("opa-" + endpoint.Address.Addr().String())
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	if err := errors.Join(pair.Write(filepath.Join(dir, "server")), os.WriteFile(filepath.Join(dir, "policy.rego"), opaPolicy, 0o600)); err != nil {
		return nil, err
	}
	p, err := controlplane.StartProcess("opa", filepath.Join(dir, "log"), b.Path, "run", "--server", "--disable-telemetry", "--addr="+endpoint.Address.String(),
		"--tls-cert-file="+filepath.Join(dir, "server.crt"), "--tls-private-key-file="+filepath.Join(dir, "server.key"),
		filepath.Join(dir, "policy.rego"))
	if err != nil {
		return nil, err
	}
	c.OnStop(p.Stop)
	opa := &OPA{Endpoint: endpoint, process: p}
	if err := p.Until(ctx, opa.healthy()); err != nil {
		return nil, err
	}
	return opa, c.Expose(ctx, endpoint)
}

// healthy asks OPA's health check, without looking at the names and the expiry
// of its certificate, which may be bad on purpose.
func (o *OPA) healthy() func(context.Context) bool {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	return func(ctx context.Context) bool {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+o.Address.String()+"/health", nil)
		if err != nil {
			return false
		}
		resp, err := client.Do(req)
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}
}

// Freeze stops the process, as a machine that swaps or a debugger does:
// connections are accepted by the kernel, and nobody answers.
func (o *OPA) Freeze() error { return o.process.Signal(freeze) }

// Thaw lets the process go on.
func (o *OPA) Thaw() error { return o.process.Signal(thaw) }

// Stop ends the process: connections are refused.
func (o *OPA) Stop() { o.process.Stop() }
