# Varnish in front of the moderation service.
#
# The service names the asset of every delivery in X-Modstation-Asset, and tells the caches in
# MODSTATION_PURGE_NODES what to drop: PURGE with the same header, one identifier or several with
# a bar between them. A ban finds every version, rendition and spelling of the asset, refusals
# included, at once and under every name of this host.
#
# To do here: the service's address, and who may send PURGE (every replica of the service).

vcl 4.1;

backend modstation {
    .host = "127.0.0.1";
    .port = "8787";
}

acl replicas {
    "127.0.0.1";
    "::1";
}

sub vcl_recv {
    if (req.method == "PURGE") {
        if (client.ip !~ replicas) {
            return (synth(405, "Not allowed"));
        }
        # The ban is put together of this header, so it may be nothing but identifiers.
        if (req.http.X-Modstation-Asset !~ "^[0-9a-f]{32}(\|[0-9a-f]{32})*$") {
            return (synth(400, "X-Modstation-Asset is missing"));
        }
        ban("obj.http.X-Modstation-Asset ~ " + req.http.X-Modstation-Asset);
        return (synth(200, "Dropped"));
    }
    # To the service every request comes from this machine, for which the metrics are open.
    if (req.url ~ "^/metrics") {
        return (synth(404, "Not found"));
    }
    if (req.url ~ "^/(v1_1|v2|healthz|readyz)(/|\?|$)") {
        return (pass);
    }
    # A delivery is the same for everyone: whoever asks, and whatever follows the address.
    unset req.http.Cookie;
    unset req.http.Authorization;
    set req.url = regsub(req.url, "\?.*$", "");
    # All that f_auto looks at.
    if (req.http.Accept ~ "image/webp") {
        set req.http.Accept = "image/webp";
    } else {
        unset req.http.Accept;
    }
}

sub vcl_deliver {
    unset resp.http.X-Modstation-Asset;
}
