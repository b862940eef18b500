// Package policyapi runs the conformance suite of the network policy API on a lab, as it is published.
//
// The suite asks its pods by `exec` over SPDY, which the lab does not serve: a server in this process answers
// these requests by `kinglet lab exec`. Everything else goes to the lab's API server.
package policyapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/remotecommand"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	api "sigs.k8s.io/network-policy-api/apis/v1beta1"
	"sigs.k8s.io/network-policy-api/conformance/tests"
	"sigs.k8s.io/network-policy-api/conformance/utils/flags"
	"sigs.k8s.io/network-policy-api/conformance/utils/suite"
)

func TestConformance(t *testing.T) {
	cluster, err := config.GetConfig()
	if err != nil {
		t.Fatal(err)
	}
	objects, err := client.New(cluster, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := api.Install(objects.Scheme()); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(pods())
	defer server.Close()
	// The suite uses this client and these settings for `exec` only.
	execs := rest.Config{Host: server.URL}
	clients, err := kubernetes.NewForConfig(&execs)
	if err != nil {
		t.Fatal(err)
	}
	conformance := suite.New(suite.Options{
		Client:                     objects,
		ClientSet:                  clients,
		KubeConfig:                 execs,
		CleanupBaseResources:       *flags.CleanupBaseResources,
		EnableAllSupportedFeatures: true,
	})
	conformance.Setup(t)
	conformance.Run(t, tests.ConformanceTests)
}

func pods() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/namespaces/{namespace}/pods/{pod}/exec", func(w http.ResponseWriter, r *http.Request) {
		if err := answer(w, r); err != nil {
			fmt.Fprintln(os.Stderr, "exec:", err)
		}
	})
	return mux
}

// answer runs a program in a pod, and sends what it prints and how it ends.
func answer(w http.ResponseWriter, r *http.Request) error {
	protocols := []string{remotecommand.StreamProtocolV4Name}
	if _, err := httpstream.Handshake(r, w, protocols); err != nil {
		return err
	}
	opened := make(chan httpstream.Stream, 3)
	open := func(stream httpstream.Stream, _ <-chan struct{}) error {
		opened <- stream
		return nil
	}
	connection := spdy.NewResponseUpgrader().UpgradeResponse(w, r, open)
	if connection == nil {
		return errors.New("the connection cannot be upgraded")
	}
	defer connection.Close()
	streams := map[string]httpstream.Stream{}
	for len(streams) < 3 {
		select {
		case stream := <-opened:
			streams[stream.Headers().Get(corev1.StreamType)] = stream
		case <-time.After(10 * time.Second):
			return errors.New("the client opens no streams")
		}
	}
	stdout, stderr, result := run(r)
	for kind, octets := range map[string][]byte{
		corev1.StreamTypeStdout: stdout,
		corev1.StreamTypeStderr: stderr,
		corev1.StreamTypeError:  status(result),
	} {
		if _, err := streams[kind].Write(octets); err != nil {
			return err
		}
		streams[kind].Close()
	}
	// The client closes first: it must not lose what is on its way.
	select {
	case <-connection.CloseChan():
	case <-time.After(10 * time.Second):
	}
	return nil
}

func run(r *http.Request) (stdout, stderr []byte, result error) {
	pod := r.PathValue("namespace") + "/" + r.PathValue("pod")
	arguments := []string{"lab", "exec", "--name", os.Getenv("KINGLET_LAB_NAME"), pod, "--"}
	command := exec.Command(os.Getenv("KINGLET"), append(arguments, r.URL.Query()["command"]...)...)
	var out, err bytes.Buffer
	command.Stdout, command.Stderr = &out, &err
	result = command.Run()
	return out.Bytes(), err.Bytes(), result
}

func status(result error) []byte {
	status := metav1.Status{Status: metav1.StatusSuccess}
	var ended *exec.ExitError
	if errors.As(result, &ended) {
		code := metav1.StatusCause{
			Type:    remotecommand.ExitCodeCauseType,
			Message: strconv.Itoa(ended.ExitCode()),
		}
		status = metav1.Status{
			Status:  metav1.StatusFailure,
			Reason:  remotecommand.NonZeroExitCodeReason,
			Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{code}},
		}
	} else if result != nil {
		status = metav1.Status{Status: metav1.StatusFailure, Message: result.Error()}
	}
	text, _ := json.Marshal(status)
	return text
}
