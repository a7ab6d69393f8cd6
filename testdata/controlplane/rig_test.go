package controlplane

import (
	"os"
	"testing"
	"time"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

func TestStart(t *testing.T) {
	c := Start(t, Options{})
	v, err := c.Client.Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	if v.GitVersion != "v1.35.4" {
		t.Errorf("the API server is %s", v.GitVersion)
	}
}

func TestUpgrade(t *testing.T) {
	c := Start(t, Options{})
	out, err := c.Upgrade(t.Context(), "1.36", UpgradeOptions{Settle: 3 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(out)
	for _, e := range out.Writes {
		t.Log(Describe(e), e.ResponseStatus.Code, e.UserAgent)
	}
}
