package gke

import (
	"context"
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// Identity asks the API server as whom it knows us. It is the first question of
// all, so its error says what stands in the way and what to do about it. The
// name is empty, without an error, where the server does not tell it.
func (c *Connection) Identity(ctx context.Context) (string, error) {
	name, err := kube.Identity(ctx, c.Kubernetes, kube.Options{Version: c.version})
	if err == nil {
		return name, nil
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	return "", fmt.Errorf("%s (%s) %s", c.Kubernetes.Host, c.Way, c.explain(err))
}

func (c *Connection) explain(err error) string {
	absence := kube.Why(err)
	said := absence.Detail
	switch {
	case kube.CertificateRefused(err):
		return "has a certificate that is not from the cluster's authority: something in between intercepts TLS, or the cluster was made anew; " + c.renew() + " (" + said + ")"
	case strings.Contains(said, "executable gke-gcloud-auth-plugin"):
		return "needs gke-gcloud-auth-plugin, which is not installed: run gcloud components install gke-gcloud-auth-plugin"
	case kube.CredentialsFailed(err):
		return "was not asked, for there were no credentials: run gcloud auth login, or with --project, --location and --cluster gcloud auth application-default login (" + said + ")"
	case absence.Reason == facts.Unauthenticated:
		return "refuses the credentials: run gcloud auth login, or " + c.renew()
	case absence.Reason == facts.Timeout:
		return "does not answer: is this the right context, and is the VPN up? A private endpoint, or one with authorized networks, is reached from inside only; " +
			"gcloud container clusters get-credentials --dns-endpoint avoids that (" + said + ")"
	case strings.Contains(said, "connection refused"):
		return "refuses the connection: is this the right context, and is the VPN, proxy or tunnel up? (" + said + ")"
	case strings.Contains(said, "no such host"):
		return "is a host that nobody knows: is this the right context, and was the cluster deleted? (" + said + ")"
	case absence.Reason == facts.Unreachable:
		return "can't be reached: is this the right context, and is the VPN up? (" + said + ")"
	}
	return "answers with something unexpected: is it a Kubernetes API server? (" + said + ")"
}

// renew says how to write the kubeconfig anew.
func (c *Connection) renew() string {
	if missing(c.Cluster) != "" {
		return "renew the kubeconfig by gcloud container clusters get-credentials"
	}
	return fmt.Sprintf("run gcloud container clusters get-credentials %s --location %s --project %s", c.Cluster.Name, c.Cluster.Location, c.Cluster.Project)
}
