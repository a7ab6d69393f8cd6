package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/gke-preflight/gke-preflight/gke/gketest"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/watch"
)

// TestWatchOperation follows operations that the real GKE API's definition tells
// of. No API server answers: that is said, and does not decide.
func TestWatchOperation(t *testing.T) {
	const id = "operation-1795388741900-31ce77a0"
	upgrade := func(status containerpb.Operation_Status, problem string) *containerpb.Operation {
		o := &containerpb.Operation{Name: id, OperationType: containerpb.Operation_UPGRADE_MASTER, Status: status, TargetLink: "x/clusters/prod", StartTime: time.Now().Format(time.RFC3339)}
		if problem != "" {
			o.Error = &rpcstatus.Status{Code: 13, Message: problem}
		}
		return o
	}
	for _, c := range []struct {
		name string
		then *containerpb.Operation
		args []string
		code int
		says string
	}{
		{"done", upgrade(containerpb.Operation_DONE, ""), nil, preflight.ExitReady, "is done"},
		{"failed", upgrade(containerpb.Operation_DONE, `component "kube-apiserver" from endpoint "gke-1" is unhealthy`), nil, preflight.ExitNotReady, "has failed: component"},
		{"aborting", upgrade(containerpb.Operation_ABORTING, ""), []string{"--timeout=2s"}, preflight.ExitInconclusive, "not seen"},
		{"a status of a later version", upgrade(99, ""), []string{"--timeout=2s"}, preflight.ExitInconclusive, "not seen"},
		{"another than the one asked for", upgrade(containerpb.Operation_RUNNING, ""), []string{"--operation=operation-2", "--for=1s"}, preflight.ExitInconclusive, "knows no operation operation-2"},
		{"none", &containerpb.Operation{Name: "o", TargetLink: "x/clusters/other"}, []string{"--for=0s"}, preflight.ExitInconclusive, "no upgrade of the cluster"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, err := gketest.Serve(os.DirFS(root + "testdata/gke/mid-upgrade"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.Close)
			s.Patch(gketest.Endpoint("127.0.0.1:1", nil))
			s.Answer("ListOperations", &containerpb.ListOperationsResponse{Operations: []*containerpb.Operation{upgrade(containerpb.Operation_RUNNING, "")}})
			if c.name == "none" {
				s.Answer("ListOperations", &containerpb.ListOperationsResponse{Operations: []*containerpb.Operation{c.then}})
			}
			args := append([]string{"watch", "--kubeconfig", nowhere(t), "--gke-endpoint", s.URL, "--every", "200ms", "-o", "json"}, c.args...)
			out := &announced{on: "RUNNING", then: func() {
				s.Answer("ListOperations", &containerpb.ListOperationsResponse{Operations: []*containerpb.Operation{c.then}})
			}}
			var stderr bytes.Buffer
			code := run(args, stdio{nil, out, &stderr})
			events := out.events(t)
			last := events[len(events)-1]
			if code != c.code || last.Kind != watch.End || last.Outcome.ExitCode() != c.code || !strings.Contains(last.Text, c.says) {
				t.Errorf("exit code %d after %+v: %s", code, last, stderr.String())
			}
			if c.args == nil && !strings.Contains(out.String(), "api: could not look") {
				t.Errorf("that no API server answers is not said:\n%s", out.String())
			}
		})
	}
}

// announced calls then when it is first told on.
type announced struct {
	bytes.Buffer
	on   string
	then func()
}

func (a *announced) Write(b []byte) (int, error) {
	if a.then != nil && bytes.Contains(b, []byte(a.on)) {
		a.then()
		a.then = nil
	}
	return a.Buffer.Write(b)
}

func (a *announced) events(t *testing.T) (all []watch.Event) {
	t.Helper()
	for line := range bytes.Lines(a.Bytes()) {
		var e watch.Event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// nowhere is a kubeconfig for a cluster whose API server does not answer.
func nowhere(t *testing.T) string {
	t.Helper()
	k := clientcmdapi.NewConfig()
	const name = "gke_acme-prod_europe-west1_prod"
	k.Clusters[name] = &clientcmdapi.Cluster{Server: "https://127.0.0.1:1"}
	k.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: "not-a-secret"}
	k.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	k.CurrentContext = name
	file := t.TempDir() + "/config"
	if err := clientcmd.WriteToFile(*k, file); err != nil {
		t.Fatal(err)
	}
	return file
}
