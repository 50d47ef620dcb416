<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
<context>
    <name>AccountChooser</name>
    <message>
        <source>Choose an account</source>
        <translation>Konto wählen</translation>
    </message>
    <message>
        <source>Switch account</source>
        <translation>Konto wechseln</translation>
    </message>
    <message>
        <source>Accounts</source>
        <translation>Konten</translation>
    </message>
    <message>
        <source>Decisions of each account stay in a folder of its own.</source>
        <translation>Die Entscheidungen jedes Kontos bleiben in einem eigenen Ordner.</translation>
    </message>
    <message>
        <source>open now</source>
        <translation>jetzt offen</translation>
    </message>
    <message>
        <source>Another account…</source>
        <translation>Anderes Konto…</translation>
    </message>
    <message>
        <source>&amp;Open</source>
        <translation>&amp;Öffnen</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Asking the keyring…</source>
        <translation>Der Schlüsselbund wird gefragt…</translation>
    </message>
</context>
<context>
    <name>AccountDialog</name>
    <message>
        <source>The secret goes into this system&apos;s keyring and into no file.</source>
        <translation>Das Geheimnis kommt in den Schlüsselbund dieses Systems und in keine Datei.</translation>
    </message>
    <message>
        <source>No keyring works here, so the secret is kept for this run only: next time, paste the address again or set CLOUDINARY_URL. It is never written into a file.</source>
        <translation>Hier ist kein Schlüsselbund nutzbar, daher bleibt das Geheimnis nur für diesen Lauf: beim nächsten Mal die Adresse erneut einfügen oder CLOUDINARY_URL setzen. Es wird nie in eine Datei geschrieben.</translation>
    </message>
    <message>
        <source>Account</source>
        <translation>Konto</translation>
    </message>
    <message>
        <source>Paste the CLOUDINARY_URL of the account whose images you review. You find it in the console under API Keys; “modstation serve” prints it at its start.</source>
        <translation>Die CLOUDINARY_URL des Kontos einfügen, dessen Bilder geprüft werden. Sie steht in der Konsole unter „API Keys“; „modstation serve“ nennt sie beim Start.</translation>
    </message>
    <message>
        <source>Looking for a keyring…</source>
        <translation>Ein Schlüsselbund wird gesucht…</translation>
    </message>
    <message>
        <source>Accounts on this machine</source>
        <translation>Konten auf diesem Rechner</translation>
    </message>
    <message>
        <source>&amp;Open</source>
        <translation>&amp;Öffnen</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Zeigen</translation>
    </message>
    <message>
        <source>&amp;Address</source>
        <translation>&amp;Adresse</translation>
    </message>
    <message>
        <source>Address of the account</source>
        <translation>Adresse des Kontos</translation>
    </message>
    <message>
        <source>as the cloud is called</source>
        <translation>wie die Cloud heißt</translation>
    </message>
    <message>
        <source>Name of the account here</source>
        <translation>Name des Kontos hier</translation>
    </message>
    <message>
        <source>&amp;Name here</source>
        <translation>&amp;Name hier</translation>
    </message>
    <message>
        <source>&amp;Test connection</source>
        <translation>Verbindung &amp;testen</translation>
    </message>
    <message>
        <source>&amp;Save and open</source>
        <translation>&amp;Speichern und öffnen</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Asking the service…</source>
        <translation>Der Dienst wird gefragt…</translation>
    </message>
    <message>
        <source>The service answers and accepts the key.</source>
        <translation>Der Dienst antwortet und nimmt den Schlüssel an.</translation>
    </message>
    <message>
        <source>Keeping the account…</source>
        <translation>Das Konto wird gespeichert…</translation>
    </message>
    <message>
        <source>Asking the keyring…</source>
        <translation>Der Schlüsselbund wird gefragt…</translation>
    </message>
</context>
<context>
    <name>Accounts</name>
    <message>
        <source>none yet</source>
        <translation>noch keine</translation>
    </message>
    <message>
        <source>There is no account “{name}”. There are: {there}.</source>
        <translation>Es gibt kein Konto „{name}“. Es gibt: {there}.</translation>
    </message>
    <message>
        <source>“{name}” is already the name of cloud {cloud} at {api_base}. Choose another name.</source>
        <translation>„{name}“ heißt schon die Cloud {cloud} bei {api_base}. Bitte einen anderen Namen wählen.</translation>
    </message>
    <message>
        <source>The secret of “{name}” is not in the keyring. Add the account again, or set {variable} to its address.</source>
        <translation>Das Geheimnis von „{name}“ ist nicht im Schlüsselbund. Das Konto neu hinzufügen oder {variable} auf seine Adresse setzen.</translation>
    </message>
    <message>
        <source>There are several accounts: {names}. Name one with --account.</source>
        <translation>Es gibt mehrere Konten: {names}. Eines mit --account nennen.</translation>
    </message>
    <message>
        <source>There are decisions for {cloud} in {path}, and “{name}” has a folder of its own. Choose another name, so that none are left behind.</source>
        <translation>In {path} liegen Entscheidungen für {cloud}, und „{name}“ hat einen eigenen Ordner. Einen anderen Namen wählen, damit keine zurückbleibt.</translation>
    </message>
    <message>
        <source>A station is at work on {cloud}. Close it, then add the account.</source>
        <translation>Eine Station arbeitet gerade an {cloud}. Sie schließen und dann das Konto hinzufügen.</translation>
    </message>
    <message>
        <source>{path} cannot become the folder of “{name}”: {why}.</source>
        <translation>{path} kann nicht der Ordner von „{name}“ werden: {why}.</translation>
    </message>
    <message>
        <source>{path} cannot be read: {error}.</source>
        <translation>{path} kann nicht gelesen werden: {error}.</translation>
    </message>
    <message>
        <source>{path} is not a list of accounts: {error}.</source>
        <translation>{path} ist keine Kontenliste: {error}.</translation>
    </message>
    <message>
        <source>“{name}” cannot be an account name: use letters, digits, dot, dash and underscore.</source>
        <translation>„{name}“ kann kein Kontoname sein: erlaubt sind Buchstaben, Ziffern, Punkt, Bindestrich und Unterstrich.</translation>
    </message>
    <message>
        <source>The address must begin with cloudinary://</source>
        <translation>Die Adresse muss mit cloudinary:// beginnen</translation>
    </message>
    <message>
        <source>The address must read cloudinary://key:secret@cloud</source>
        <translation>Die Adresse muss lauten: cloudinary://key:secret@cloud</translation>
    </message>
    <message>
        <source>The address must hold a key and a secret: cloudinary://key:secret@cloud</source>
        <translation>Die Adresse muss Schlüssel und Geheimnis enthalten: cloudinary://key:secret@cloud</translation>
    </message>
    <message>
        <source>upload_prefix must be an http or https address, not “{base}”.</source>
        <translation>upload_prefix muss eine http- oder https-Adresse sein, nicht „{base}“.</translation>
    </message>
    <message>
        <source>{hostname} is reached over plain http, which shows the secret to everyone on the way. Use https, or add allow_http=true to the address if you know the network.</source>
        <translation>{hostname} wird über unverschlüsseltes http erreicht, das das Geheimnis allen unterwegs zeigt. https verwenden oder allow_http=true an die Adresse hängen, wenn das Netz bekannt ist.</translation>
    </message>
</context>
<context>
    <name>Acknowledgement</name>
    <message>
        <source>The answer does not say how the image stands.</source>
        <translation>Die Antwort sagt nicht, wie es um das Bild steht.</translation>
    </message>
    <message>
        <source>The answer names the status {status}, not {target}.</source>
        <translation>Die Antwort nennt den Stand „{status}“, nicht „{target}“.</translation>
    </message>
    <message>
        <source>The answer speaks of another image ({name}).</source>
        <translation>Die Antwort spricht von einem anderen Bild ({name}).</translation>
    </message>
    <message>
        <source>The answer speaks of another image (asset_id).</source>
        <translation>Die Antwort spricht von einem anderen Bild (asset_id).</translation>
    </message>
    <message>
        <source>The answer does not say which image it speaks of.</source>
        <translation>Die Antwort sagt nicht, von welchem Bild sie spricht.</translation>
    </message>
</context>
<context>
    <name>Actions</name>
    <message>
        <source>Everything is covered; {key} goes on.</source>
        <translation>Alles ist verdeckt; {key} macht weiter.</translation>
    </message>
    <message>
        <source>The policy has no reason on {digit}.</source>
        <translation>Die Richtlinie hat keinen Grund auf {digit}.</translation>
    </message>
    <message>
        <source>There is no image to decide.</source>
        <translation>Es gibt kein Bild zu entscheiden.</translation>
    </message>
    <message>
        <source>Every reason of the policy has a key.</source>
        <translation>Jeder Grund der Richtlinie hat eine Taste.</translation>
    </message>
    <message>
        <source>Hold {key} to look.</source>
        <translation>{key} halten, um hinzusehen.</translation>
    </message>
    <message>
        <source>Cover strength {strength} of 10.</source>
        <translation>Stärke der Abdeckung: {strength} von 10.</translation>
    </message>
    <message>
        <source>Images are shown without colour.</source>
        <translation>Bilder werden ohne Farbe gezeigt.</translation>
    </message>
    <message>
        <source>Images are shown in colour.</source>
        <translation>Bilder werden in Farbe gezeigt.</translation>
    </message>
    <message>
        <source>Offline by choice: only this machine was asked. {key} goes back online.</source>
        <translation>Bewusst offline: nur dieser Rechner wurde gefragt. {key} geht wieder online.</translation>
    </message>
    <message>
        <source>Asking the service for new images.</source>
        <translation>Der Dienst wird nach neuen Bildern gefragt.</translation>
    </message>
    <message>
        <source>Offline: nothing is fetched or posted. What is on this machine stays here.</source>
        <translation>Offline: nichts wird geholt oder gesendet. Was auf diesem Rechner ist, bleibt hier.</translation>
    </message>
    <message>
        <source>Going back online.</source>
        <translation>Es geht wieder online.</translation>
    </message>
</context>
<context>
    <name>Addresses</name>
    <message>
        <source>“{address}” is not the address of a service.</source>
        <translation>„{address}“ ist nicht die Adresse eines Dienstes.</translation>
    </message>
    <message>
        <source>The service&apos;s address must not contain a user name.</source>
        <translation>Die Adresse des Dienstes darf keinen Benutzernamen enthalten.</translation>
    </message>
    <message>
        <source>{host} would get the secret over plain http.</source>
        <translation>{host} bekäme das Geheimnis über unverschlüsseltes http.</translation>
    </message>
    <message>
        <source>“{kind}” is not a moderation kind.</source>
        <translation>„{kind}“ ist keine Moderationsart.</translation>
    </message>
    <message>
        <source>“{image}” cannot be addressed.</source>
        <translation>„{image}“ lässt sich nicht adressieren.</translation>
    </message>
    <message>
        <source>The public ID is not valid text, so it cannot be addressed.</source>
        <translation>Die Public ID ist kein gültiger Text und lässt sich nicht adressieren.</translation>
    </message>
    <message>
        <source>That is not an asset ID.</source>
        <translation>Das ist keine Asset-ID.</translation>
    </message>
    <message>
        <source>The public ID cannot be addressed safely.</source>
        <translation>Die Public ID lässt sich nicht sicher adressieren.</translation>
    </message>
    <message>
        <source>The picture&apos;s address cannot be read.</source>
        <translation>Die Adresse des Bildes ist nicht lesbar.</translation>
    </message>
    <message>
        <source>The picture&apos;s address is not a plain address.</source>
        <translation>Die Adresse des Bildes ist keine einfache Adresse.</translation>
    </message>
    <message>
        <source>The picture would be fetched over plain http from {host}.</source>
        <translation>Das Bild würde über unverschlüsseltes http von {host} geholt.</translation>
    </message>
</context>
<context>
    <name>Application</name>
    <message>
        <source>modstation has a fault</source>
        <translation>modstation hat einen Fehler</translation>
    </message>
    <message>
        <source>Something happened that should not. Everything you decided is on the disk and will be posted after the next start.

A report without any secret is in
{path}</source>
        <translation>Etwas ist passiert, das nicht sein darf. Alles Entschiedene ist auf der Platte und wird nach dem nächsten Start gesendet.

Ein Bericht ohne jedes Geheimnis liegt in
{path}</translation>
    </message>
</context>
<context>
    <name>Assets</name>
    <message>
        <source>queued</source>
        <translation>eingereiht</translation>
    </message>
    <message>
        <source>pending</source>
        <translation>offen</translation>
    </message>
    <message>
        <source>approved</source>
        <translation>freigegeben</translation>
    </message>
    <message>
        <source>rejected</source>
        <translation>abgelehnt</translation>
    </message>
    <message>
        <source>aborted</source>
        <translation>abgebrochen</translation>
    </message>
    <message>
        <source>overridden</source>
        <translation>übersteuert</translation>
    </message>
    <message>
        <source>an earlier moderation</source>
        <translation>eine frühere Moderation</translation>
    </message>
    <message>
        <source>Aborted: {by} rejected this image, so its turn here never came.</source>
        <translation>Abgebrochen: {by} hat dieses Bild abgelehnt, daher kam es hier nie an die Reihe.</translation>
    </message>
    <message>
        <source>Queued: this image still waits for {by}; it cannot be decided yet.</source>
        <translation>Eingereiht: dieses Bild wartet noch auf {by}; es kann noch nicht entschieden werden.</translation>
    </message>
</context>
<context>
    <name>Batch</name>
    <message>
        <source>The answer holds no results.</source>
        <translation>Die Antwort enthält keine Ergebnisse.</translation>
    </message>
    <message>
        <source>The answer speaks twice about this decision.</source>
        <translation>Die Antwort spricht zweimal von dieser Entscheidung.</translation>
    </message>
    <message>
        <source>The answer says nothing about this decision.</source>
        <translation>Die Antwort sagt nichts zu dieser Entscheidung.</translation>
    </message>
    <message>
        <source>The service has no such image.</source>
        <translation>Der Dienst hat kein solches Bild.</translation>
    </message>
    <message>
        <source>The answer names no status.</source>
        <translation>Die Antwort nennt keinen Stand.</translation>
    </message>
    <message>
        <source>The answer contradicts itself.</source>
        <translation>Die Antwort widerspricht sich.</translation>
    </message>
</context>
<context>
    <name>Buttons</name>
    <message>
        <source>{label}, key {key}</source>
        <translation>{label}, Taste {key}</translation>
    </message>
</context>
<context>
    <name>ChainStrip</name>
    <message>
        <source>approved</source>
        <translation>freigegeben</translation>
    </message>
    <message>
        <source>rejected</source>
        <translation>abgelehnt</translation>
    </message>
    <message>
        <source>pending</source>
        <translation>offen</translation>
    </message>
    <message>
        <source>queued</source>
        <translation>eingereiht</translation>
    </message>
    <message>
        <source>aborted</source>
        <translation>abgebrochen</translation>
    </message>
    <message>
        <source>overridden</source>
        <translation>übersteuert</translation>
    </message>
    <message>
        <source>hidden</source>
        <translation>verborgen</translation>
    </message>
    <message>
        <source>Moderation chain</source>
        <translation>Moderationskette</translation>
    </message>
    <message>
        <source>, then </source>
        <translation>, dann </translation>
    </message>
</context>
<context>
    <name>Claims</name>
    <message>
        <source>The answer does not say which images were leased.</source>
        <translation>Die Antwort sagt nicht, welche Bilder reserviert wurden.</translation>
    </message>
</context>
<context>
    <name>Client</name>
    <message>
        <source>The image was deleted.</source>
        <translation>Das Bild wurde gelöscht.</translation>
    </message>
    <message>
        <source>The answer does not say how the image stands.</source>
        <translation>Die Antwort sagt nicht, wie es um das Bild steht.</translation>
    </message>
    <message>
        <source>The public ID cannot be addressed safely, and there is no asset ID.</source>
        <translation>Die Public ID lässt sich nicht sicher adressieren, und es gibt keine Asset-ID.</translation>
    </message>
    <message>
        <source>The image has more than {limit_bytes} bytes.</source>
        <translation>Das Bild hat mehr als {limit_bytes} Bytes.</translation>
    </message>
    <message>
        <source>The service delivers a substitute: {error_text}</source>
        <translation>Der Dienst liefert einen Ersatz: {error_text}</translation>
    </message>
    <message>
        <source>The picture&apos;s address cannot be read.</source>
        <translation>Die Adresse des Bildes ist nicht lesbar.</translation>
    </message>
</context>
<context>
    <name>ClosingDialog</name>
    <message>
        <source>They are stored on this machine and are posted after the next start.</source>
        <translation>Sie liegen auf diesem Rechner und werden nach dem nächsten Start gesendet.</translation>
    </message>
    <message>
        <source>Close the station</source>
        <translation>Station schließen</translation>
    </message>
    <message>
        <source>{n} decision is not posted yet|{n} decisions are not posted yet</source>
        <translation>{n} Entscheidung ist noch nicht gesendet|{n} Entscheidungen sind noch nicht gesendet</translation>
    </message>
    <message>
        <source>Decisions posted</source>
        <translation>Gesendete Entscheidungen</translation>
    </message>
    <message>
        <source>&amp;Post now and close</source>
        <translation>Jetzt &amp;senden und schließen</translation>
    </message>
    <message>
        <source>&amp;Keep for next time</source>
        <translation>Für nächstes Mal &amp;behalten</translation>
    </message>
    <message>
        <source>&amp;Stay</source>
        <translation>&amp;Bleiben</translation>
    </message>
    <message>
        <source>What you keep is not lost. {safe}</source>
        <translation>Was bleibt, geht nicht verloren. {safe}</translation>
    </message>
    <message>
        <source>Nothing can be posted now ({state}). {safe}</source>
        <translation>Jetzt kann nichts gesendet werden ({state}). {safe}</translation>
    </message>
    <message>
        <source>&amp;Close without waiting</source>
        <translation>Ohne Warten s&amp;chließen</translation>
    </message>
    <message>
        <source>Posting…</source>
        <translation>Wird gesendet…</translation>
    </message>
    <message>
        <source>The service takes nothing now; {n} decision is left. {safe}|The service takes nothing now; {n} decisions are left. {safe}</source>
        <translation>Der Dienst nimmt gerade nichts an; {n} Entscheidung bleibt übrig. {safe}|Der Dienst nimmt gerade nichts an; {n} Entscheidungen bleiben übrig. {safe}</translation>
    </message>
</context>
<context>
    <name>CommandPalette</name>
    <message>
        <source>Commands</source>
        <translation>Befehle</translation>
    </message>
    <message>
        <source>Type what you want to do, or a key</source>
        <translation>Eintippen, was zu tun ist, oder eine Taste</translation>
    </message>
    <message>
        <source>Command</source>
        <translation>Befehl</translation>
    </message>
    <message>
        <source>No command is called that.</source>
        <translation>So heißt kein Befehl.</translation>
    </message>
</context>
<context>
    <name>Commands</name>
    <message>
        <source>Approve</source>
        <translation>Freigeben</translation>
    </message>
    <message>
        <source>Approve the image and show the next.</source>
        <translation>Das Bild freigeben und das nächste zeigen.</translation>
    </message>
    <message>
        <source>Reject</source>
        <translation>Ablehnen</translation>
    </message>
    <message>
        <source>Reject the image and show the next.</source>
        <translation>Das Bild ablehnen und das nächste zeigen.</translation>
    </message>
    <message>
        <source>Reason {value}</source>
        <translation>Grund {value}</translation>
    </message>
    <message>
        <source>Reject with the reason on key {value}.</source>
        <translation>Mit dem Grund auf Taste {value} ablehnen.</translation>
    </message>
    <message>
        <source>More reasons…</source>
        <translation>Weitere Gründe…</translation>
    </message>
    <message>
        <source>Reject with a reason that has no digit; what must be escalated is asked for twice.</source>
        <translation>Mit einem Grund ohne Ziffer ablehnen; was eskaliert werden muss, wird zweimal gefragt.</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>Take the last decision back, or offer to reverse it.</source>
        <translation>Die letzte Entscheidung zurücknehmen oder ihre Umkehr anbieten.</translation>
    </message>
    <message>
        <source>Redo</source>
        <translation>Wiederholen</translation>
    </message>
    <message>
        <source>Make the decision again that was just undone.</source>
        <translation>Die eben zurückgenommene Entscheidung noch einmal treffen.</translation>
    </message>
    <message>
        <source>Skip</source>
        <translation>Auslassen</translation>
    </message>
    <message>
        <source>Put the image at the back of the queue.</source>
        <translation>Das Bild ans Ende der Warteschlange stellen.</translation>
    </message>
    <message>
        <source>Flag</source>
        <translation>Markieren</translation>
    </message>
    <message>
        <source>Bookmark the image, with the note if there is one.</source>
        <translation>Ein Lesezeichen auf das Bild setzen, mit der Notiz, falls es eine gibt.</translation>
    </message>
    <message>
        <source>Escalate</source>
        <translation>Eskalieren</translation>
    </message>
    <message>
        <source>Leave the image to somebody else, with a note; it stays pending.</source>
        <translation>Das Bild mit einer Notiz jemand anderem überlassen; es bleibt offen.</translation>
    </message>
    <message>
        <source>Next</source>
        <translation>Weiter</translation>
    </message>
    <message>
        <source>Look at the next image without deciding.</source>
        <translation>Das nächste Bild ansehen, ohne zu entscheiden.</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>Zurück</translation>
    </message>
    <message>
        <source>Look at the image before.</source>
        <translation>Das Bild davor ansehen.</translation>
    </message>
    <message>
        <source>Grid</source>
        <translation>Raster</translation>
    </message>
    <message>
        <source>Show many images on one sheet; again to go back to one.</source>
        <translation>Viele Bilder auf einem Blatt zeigen; nochmals, um zu einem zurückzukehren.</translation>
    </message>
    <message>
        <source>Mark</source>
        <translation>Auswählen</translation>
    </message>
    <message>
        <source>Mark the tile, or take its mark away.</source>
        <translation>Die Kachel auswählen oder ihre Auswahl aufheben.</translation>
    </message>
    <message>
        <source>Mark all</source>
        <translation>Alle auswählen</translation>
    </message>
    <message>
        <source>Mark every tile on the screen, or none of them.</source>
        <translation>Alle Kacheln auf dem Bildschirm auswählen, oder keine.</translation>
    </message>
    <message>
        <source>Extend back</source>
        <translation>Zurück erweitern</translation>
    </message>
    <message>
        <source>Mark the tiles one goes back to.</source>
        <translation>Die Kacheln auf dem Weg zurück auswählen.</translation>
    </message>
    <message>
        <source>Extend</source>
        <translation>Erweitern</translation>
    </message>
    <message>
        <source>Mark the tiles one goes on to.</source>
        <translation>Die Kacheln auf dem Weg nach vorn auswählen.</translation>
    </message>
    <message>
        <source>Page back</source>
        <translation>Seite zurück</translation>
    </message>
    <message>
        <source>Go one screen of tiles back.</source>
        <translation>Einen Bildschirm voll Kacheln zurückgehen.</translation>
    </message>
    <message>
        <source>Page on</source>
        <translation>Seite vor</translation>
    </message>
    <message>
        <source>Go one screen of tiles on.</source>
        <translation>Einen Bildschirm voll Kacheln weitergehen.</translation>
    </message>
    <message>
        <source>Approve marked</source>
        <translation>Auswahl freigeben</translation>
    </message>
    <message>
        <source>Approve the marked tiles.</source>
        <translation>Die ausgewählten Kacheln freigeben.</translation>
    </message>
    <message>
        <source>Reject marked</source>
        <translation>Auswahl ablehnen</translation>
    </message>
    <message>
        <source>Reject the marked tiles.</source>
        <translation>Die ausgewählten Kacheln ablehnen.</translation>
    </message>
    <message>
        <source>Settle screen</source>
        <translation>Seite erledigen</translation>
    </message>
    <message>
        <source>Reject the marked tiles and approve the rest that is on the screen; again to confirm.</source>
        <translation>Die Auswahl ablehnen und den Rest auf dem Bildschirm freigeben; nochmals zum Bestätigen.</translation>
    </message>
    <message>
        <source>Peek</source>
        <translation>Spähen</translation>
    </message>
    <message>
        <source>Uncover the image while the key is held.</source>
        <translation>Das Bild aufdecken, solange die Taste gehalten wird.</translation>
    </message>
    <message>
        <source>Reveal</source>
        <translation>Aufdecken</translation>
    </message>
    <message>
        <source>Uncover this image; again to cover it.</source>
        <translation>Dieses Bild aufdecken; nochmals, um es zu verdecken.</translation>
    </message>
    <message>
        <source>Blur more</source>
        <translation>Mehr verdecken</translation>
    </message>
    <message>
        <source>Make the cover stronger.</source>
        <translation>Die Abdeckung verstärken.</translation>
    </message>
    <message>
        <source>Blur less</source>
        <translation>Weniger verdecken</translation>
    </message>
    <message>
        <source>Make the cover weaker.</source>
        <translation>Die Abdeckung abschwächen.</translation>
    </message>
    <message>
        <source>Greyscale</source>
        <translation>Graustufen</translation>
    </message>
    <message>
        <source>Show images without colour.</source>
        <translation>Bilder ohne Farbe zeigen.</translation>
    </message>
    <message>
        <source>Cover all</source>
        <translation>Alles verdecken</translation>
    </message>
    <message>
        <source>Cover every image at once; again to go on.</source>
        <translation>Alle Bilder auf einmal verdecken; nochmals, um weiterzumachen.</translation>
    </message>
    <message>
        <source>Zoom in</source>
        <translation>Vergrößern</translation>
    </message>
    <message>
        <source>Enlarge the image.</source>
        <translation>Das Bild vergrößern.</translation>
    </message>
    <message>
        <source>Zoom out</source>
        <translation>Verkleinern</translation>
    </message>
    <message>
        <source>Make the image smaller.</source>
        <translation>Das Bild verkleinern.</translation>
    </message>
    <message>
        <source>Fit / 100 %</source>
        <translation>Ganz / 100 %</translation>
    </message>
    <message>
        <source>Switch between whole image and 100 %.</source>
        <translation>Zwischen ganzem Bild und 100 % wechseln.</translation>
    </message>
    <message>
        <source>Fit</source>
        <translation>Ganz</translation>
    </message>
    <message>
        <source>Show the whole image.</source>
        <translation>Das ganze Bild zeigen.</translation>
    </message>
    <message>
        <source>100 %</source>
        <translation>100 %</translation>
    </message>
    <message>
        <source>Show every pixel of the image.</source>
        <translation>Jeden Bildpunkt des Bildes zeigen.</translation>
    </message>
    <message>
        <source>Rotate left</source>
        <translation>Links drehen</translation>
    </message>
    <message>
        <source>Turn the image to the left.</source>
        <translation>Das Bild nach links drehen.</translation>
    </message>
    <message>
        <source>Rotate right</source>
        <translation>Rechts drehen</translation>
    </message>
    <message>
        <source>Turn the image to the right.</source>
        <translation>Das Bild nach rechts drehen.</translation>
    </message>
    <message>
        <source>Keep zoom</source>
        <translation>Zoom halten</translation>
    </message>
    <message>
        <source>Keep zoom and place when the next image comes; again to begin each image whole.</source>
        <translation>Zoom und Ausschnitt beim nächsten Bild behalten; nochmals, um jedes Bild ganz zu beginnen.</translation>
    </message>
    <message>
        <source>Original</source>
        <translation>Original</translation>
    </message>
    <message>
        <source>Fetch the original of the image, and show every pixel of it.</source>
        <translation>Das Original des Bildes holen und jeden Bildpunkt zeigen.</translation>
    </message>
    <message>
        <source>Brighten</source>
        <translation>Aufhellen</translation>
    </message>
    <message>
        <source>Brighten the shadows of the image, or not.</source>
        <translation>Die Schatten des Bildes aufhellen, oder nicht.</translation>
    </message>
    <message>
        <source>Next frame</source>
        <translation>Bild vor</translation>
    </message>
    <message>
        <source>Show the next frame or page of the image.</source>
        <translation>Das nächste Einzelbild oder die nächste Seite zeigen.</translation>
    </message>
    <message>
        <source>Frame back</source>
        <translation>Bild zurück</translation>
    </message>
    <message>
        <source>Show the frame or page before.</source>
        <translation>Das Einzelbild oder die Seite davor zeigen.</translation>
    </message>
    <message>
        <source>Play</source>
        <translation>Abspielen</translation>
    </message>
    <message>
        <source>Play the frames of the image, or pause.</source>
        <translation>Die Einzelbilder abspielen oder anhalten.</translation>
    </message>
    <message>
        <source>Alike</source>
        <translation>Ähnliche</translation>
    </message>
    <message>
        <source>Show the images that are nearly the same, and decide them in one act.</source>
        <translation>Die fast gleichen Bilder zeigen und in einem Zug entscheiden.</translation>
    </message>
    <message>
        <source>Information</source>
        <translation>Information</translation>
    </message>
    <message>
        <source>Show or hide the evidence panel.</source>
        <translation>Die Belege zeigen oder ausblenden.</translation>
    </message>
    <message>
        <source>Machine verdict</source>
        <translation>Maschinenurteil</translation>
    </message>
    <message>
        <source>Hide what machines found until you decide, or show it.</source>
        <translation>Verbergen, was Maschinen fanden, bis entschieden ist, oder es zeigen.</translation>
    </message>
    <message>
        <source>Policy</source>
        <translation>Richtlinie</translation>
    </message>
    <message>
        <source>Show the rules behind the reasons.</source>
        <translation>Die Regeln hinter den Gründen zeigen.</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>Notiz</translation>
    </message>
    <message>
        <source>Write a note that goes with the decision.</source>
        <translation>Eine Notiz schreiben, die mit der Entscheidung mitgeht.</translation>
    </message>
    <message>
        <source>Commands</source>
        <translation>Befehle</translation>
    </message>
    <message>
        <source>Find any command by its name, its sentence or key.</source>
        <translation>Jeden Befehl über Namen, Satz oder Taste finden.</translation>
    </message>
    <message>
        <source>History</source>
        <translation>Verlauf</translation>
    </message>
    <message>
        <source>Show your last decisions: look, change, take one back, or reverse what is posted.</source>
        <translation>Die letzten Entscheidungen zeigen: ansehen, ändern, zurücknehmen oder Gesendetes umkehren.</translation>
    </message>
    <message>
        <source>Queues…</source>
        <translation>Schlangen…</translation>
    </message>
    <message>
        <source>Choose what to review: what waits, what is approved, what is rejected, by kind.</source>
        <translation>Wählen, was geprüft wird: Wartendes, Freigegebenes, Abgelehntes, nach Art.</translation>
    </message>
    <message>
        <source>Lists…</source>
        <translation>Listen…</translation>
    </message>
    <message>
        <source>Show what was skipped, flagged or escalated.</source>
        <translation>Zeigen, was ausgelassen, markiert oder eskaliert wurde.</translation>
    </message>
    <message>
        <source>Filter…</source>
        <translation>Filter…</translation>
    </message>
    <message>
        <source>Review only what fits these words.</source>
        <translation>Nur prüfen, was zu diesen Wörtern passt.</translation>
    </message>
    <message>
        <source>Rescue</source>
        <translation>Retten</translation>
    </message>
    <message>
        <source>Show only what was rejected for its form, to approve it after all; again to go back.</source>
        <translation>Nur zeigen, was der Form wegen abgelehnt wurde, um es doch freizugeben; nochmals, um zurückzugehen.</translation>
    </message>
    <message>
        <source>Show all</source>
        <translation>Alle zeigen</translation>
    </message>
    <message>
        <source>Review everything again.</source>
        <translation>Wieder alles prüfen.</translation>
    </message>
    <message>
        <source>Order</source>
        <translation>Reihenfolge</translation>
    </message>
    <message>
        <source>Take the next order of the queue.</source>
        <translation>Die nächste Reihenfolge der Warteschlange nehmen.</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Tasten</translation>
    </message>
    <message>
        <source>Show every key.</source>
        <translation>Alle Tasten zeigen.</translation>
    </message>
    <message>
        <source>Change keys…</source>
        <translation>Tasten ändern…</translation>
    </message>
    <message>
        <source>Choose a keymap, or give commands keys of your own.</source>
        <translation>Eine Tastenbelegung wählen oder Befehlen eigene Tasten geben.</translation>
    </message>
    <message>
        <source>Help</source>
        <translation>Hilfe</translation>
    </message>
    <message>
        <source>Show the manual.</source>
        <translation>Das Handbuch zeigen.</translation>
    </message>
    <message>
        <source>Tour</source>
        <translation>Rundgang</translation>
    </message>
    <message>
        <source>Show the first steps again.</source>
        <translation>Die ersten Schritte noch einmal zeigen.</translation>
    </message>
    <message>
        <source>Post now</source>
        <translation>Jetzt senden</translation>
    </message>
    <message>
        <source>Post the decisions still held for undo.</source>
        <translation>Die noch zurückgehaltenen Entscheidungen senden.</translation>
    </message>
    <message>
        <source>Refresh</source>
        <translation>Aktualisieren</translation>
    </message>
    <message>
        <source>Ask the service for new images now.</source>
        <translation>Den Dienst jetzt nach neuen Bildern fragen.</translation>
    </message>
    <message>
        <source>Go offline</source>
        <translation>Offline gehen</translation>
    </message>
    <message>
        <source>Use no network, and go on with what is on this machine; again to go back online.</source>
        <translation>Kein Netz nutzen und mit dem weitermachen, was hier ist; nochmals, um online zu gehen.</translation>
    </message>
    <message>
        <source>Take along…</source>
        <translation>Mitnehmen…</translation>
    </message>
    <message>
        <source>Fetch a number of images to work offline with, and sum up afterwards.</source>
        <translation>Eine Anzahl Bilder für die Arbeit ohne Netz holen und danach Bilanz ziehen.</translation>
    </message>
    <message>
        <source>Account…</source>
        <translation>Konto…</translation>
    </message>
    <message>
        <source>Choose or add an account.</source>
        <translation>Ein Konto wählen oder hinzufügen.</translation>
    </message>
    <message>
        <source>Switch account…</source>
        <translation>Konto wechseln…</translation>
    </message>
    <message>
        <source>Review another account of this machine.</source>
        <translation>Ein anderes Konto dieses Rechners prüfen.</translation>
    </message>
    <message>
        <source>Outbox…</source>
        <translation>Postausgang…</translation>
    </message>
    <message>
        <source>Show what waits, is stuck or in conflict.</source>
        <translation>Zeigen, was wartet, feststeckt oder im Konflikt ist.</translation>
    </message>
    <message>
        <source>Settings…</source>
        <translation>Einstellungen…</translation>
    </message>
    <message>
        <source>Change how the station looks and works.</source>
        <translation>Ändern, wie die Station aussieht und arbeitet.</translation>
    </message>
    <message>
        <source>Session…</source>
        <translation>Sitzung…</translation>
    </message>
    <message>
        <source>Show how this session goes: pace, reasons, time; nobody else is told.</source>
        <translation>Zeigen, wie diese Sitzung läuft: Tempo, Gründe, Zeit; niemand sonst erfährt es.</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>Farbschema</translation>
    </message>
    <message>
        <source>Take the next theme: dark, light, in high contrast, the desktop&apos;s.</source>
        <translation>Das nächste Farbschema nehmen: dunkel, hell, mit hohem Kontrast, wie der Desktop.</translation>
    </message>
    <message>
        <source>Larger text</source>
        <translation>Größere Schrift</translation>
    </message>
    <message>
        <source>Make every text larger, up to twice the usual size.</source>
        <translation>Jede Schrift vergrößern, bis zum Doppelten der üblichen Größe.</translation>
    </message>
    <message>
        <source>Smaller text</source>
        <translation>Kleinere Schrift</translation>
    </message>
    <message>
        <source>Make every text smaller.</source>
        <translation>Jede Schrift verkleinern.</translation>
    </message>
    <message>
        <source>Full screen</source>
        <translation>Vollbild</translation>
    </message>
    <message>
        <source>Use the whole screen for one image.</source>
        <translation>Den ganzen Bildschirm für ein Bild nutzen.</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>Beenden</translation>
    </message>
    <message>
        <source>Close the station; nothing that was decided is lost.</source>
        <translation>Die Station schließen; nichts Entschiedenes geht verloren.</translation>
    </message>
</context>
<context>
    <name>ConflictView</name>
    <message>
        <source>Mine</source>
        <translation>Meine</translation>
    </message>
    <message>
        <source>Theirs</source>
        <translation>Andere</translation>
    </message>
    <message>
        <source>{name}: mine {mine}, theirs {theirs}</source>
        <translation>{name}: meine {mine}, andere {theirs}</translation>
    </message>
</context>
<context>
    <name>Connection</name>
    <message>
        <source>{path} cannot be opened: {why}.</source>
        <translation>{path} kann nicht geöffnet werden: {why}.</translation>
    </message>
    <message>
        <source>{path} is a database of another program.</source>
        <translation>{path} ist die Datenbank eines anderen Programms.</translation>
    </message>
    <message>
        <source>{path} was written by a newer modstation (schema {version}, this one knows {known}). Update modstation to open it.</source>
        <translation>{path} stammt von einem neueren modstation (Schema {version}, dieses kennt {known}). modstation aktualisieren, um sie zu öffnen.</translation>
    </message>
    <message>
        <source>Another program is using {path}.</source>
        <translation>Ein anderes Programm benutzt {path}.</translation>
    </message>
    <message>
        <source>The disk is full: {path} cannot grow.</source>
        <translation>Die Platte ist voll: {path} kann nicht wachsen.</translation>
    </message>
    <message>
        <source>{path} is damaged ({error}).</source>
        <translation>{path} ist beschädigt ({error}).</translation>
    </message>
    <message>
        <source>{path} cannot be opened for writing ({error}).</source>
        <translation>{path} kann nicht zum Schreiben geöffnet werden ({error}).</translation>
    </message>
    <message>
        <source>The disk reported an error on {path} ({error}).</source>
        <translation>Die Platte meldete einen Fehler bei {path} ({error}).</translation>
    </message>
    <message>
        <source>The image cache was written by a newer modstation.</source>
        <translation>Der Bildspeicher wurde von einem neueren modstation geschrieben.</translation>
    </message>
</context>
<context>
    <name>Covering</name>
    <message>
        <source>Your organisation asks for a cover of at least {blur}.</source>
        <translation>Deine Organisation verlangt eine Abdeckung von mindestens {blur}.</translation>
    </message>
    <message>
        <source>Your organisation asks for images without colour.</source>
        <translation>Deine Organisation verlangt Bilder ohne Farbe.</translation>
    </message>
</context>
<context>
    <name>Deciding</name>
    <message>
        <source>Not decided: this image was not on the screen yet.</source>
        <translation>Nicht entschieden: dieses Bild war noch nicht zu sehen.</translation>
    </message>
    <message>
        <source>The policy asks for a reason: press its digit.</source>
        <translation>Die Richtlinie verlangt einen Grund: seine Ziffer drücken.</translation>
    </message>
    <message>
        <source>An image that cannot be shown cannot be approved; reject or skip it.</source>
        <translation>Ein Bild, das nicht gezeigt werden kann, lässt sich nicht freigeben; ablehnen oder auslassen.</translation>
    </message>
    <message>
        <source>Uncover the image first (hold Space, or V); rejecting needs no look.</source>
        <translation>Das Bild zuerst aufdecken (Leertaste halten, oder V); Ablehnen braucht keinen Blick.</translation>
    </message>
    <message>
        <source>Not approved: the image was uncovered only for a moment.</source>
        <translation>Nicht freigegeben: das Bild war nur kurz aufgedeckt.</translation>
    </message>
    <message>
        <source>There is no image to decide.</source>
        <translation>Es gibt kein Bild zu entscheiden.</translation>
    </message>
    <message>
        <source>Posting {n} held decision now.|Posting {n} held decisions now.</source>
        <translation>{n} zurückgehaltene Entscheidung wird jetzt gesendet.|{n} zurückgehaltene Entscheidungen werden jetzt gesendet.</translation>
    </message>
    <message>
        <source>Nothing is held.</source>
        <translation>Nichts wird zurückgehalten.</translation>
    </message>
    <message>
        <source>Not posted yet. {title}: {message}</source>
        <translation>Noch nicht gesendet. {title}: {message}</translation>
    </message>
    <message>
        <source>Not saved, the image is back. {title}: {message}|Not saved, {n} images are back. {title}: {message}</source>
        <translation>Nicht gespeichert, das Bild ist zurück. {title}: {message}|Nicht gespeichert, {n} Bilder sind zurück. {title}: {message}</translation>
    </message>
</context>
<context>
    <name>Effects</name>
    <message>
        <source>approved is posted, the service restores the image from its backup and delivers it to everybody again</source>
        <translation>„freigegeben“ wird gesendet, der Dienst stellt das Bild aus seiner Sicherung her und liefert es wieder an alle aus</translation>
    </message>
    <message>
        <source>rejected is posted, the service delivers the image to nobody any more and purges it from the delivery caches</source>
        <translation>„abgelehnt“ wird gesendet, der Dienst liefert das Bild niemandem mehr aus und löscht es aus den Zwischenspeichern</translation>
    </message>
    <message>
        <source>You left this image to somebody else; decided by you, it gets no second opinion, and the log says so.</source>
        <translation>Du hast dieses Bild jemand anderem überlassen; von dir entschieden bekommt es keine zweite Meinung, und das Protokoll sagt es.</translation>
    </message>
    <message>
        <source>Reverses your decision: {effects}.</source>
        <translation>Kehrt deine Entscheidung um: {effects}.</translation>
    </message>
    <message>
        <source>Overrides the decision: {effects}.</source>
        <translation>Übersteuert die Entscheidung: {effects}.</translation>
    </message>
</context>
<context>
    <name>Errors</name>
    <message>
        <source>Something went wrong</source>
        <translation>Etwas ging schief</translation>
    </message>
    <message>
        <source>Local database</source>
        <translation>Lokale Datenbank</translation>
    </message>
    <message>
        <source>Local database is busy</source>
        <translation>Lokale Datenbank ist belegt</translation>
    </message>
    <message>
        <source>Disk is full</source>
        <translation>Platte ist voll</translation>
    </message>
    <message>
        <source>Local database is damaged</source>
        <translation>Lokale Datenbank ist beschädigt</translation>
    </message>
    <message>
        <source>Local database is from a newer version</source>
        <translation>Lokale Datenbank stammt von einer neueren Version</translation>
    </message>
    <message>
        <source>Moderation service</source>
        <translation>Moderationsdienst</translation>
    </message>
    <message>
        <source>Offline</source>
        <translation>Offline</translation>
    </message>
    <message>
        <source>No clear answer</source>
        <translation>Keine klare Antwort</translation>
    </message>
    <message>
        <source>Hourly quota used up</source>
        <translation>Stundenkontingent aufgebraucht</translation>
    </message>
    <message>
        <source>Key or secret not accepted</source>
        <translation>Schlüssel oder Geheimnis nicht angenommen</translation>
    </message>
    <message>
        <source>Posting refused</source>
        <translation>Senden verweigert</translation>
    </message>
    <message>
        <source>Image is gone</source>
        <translation>Bild ist weg</translation>
    </message>
    <message>
        <source>Refused by the service</source>
        <translation>Vom Dienst verweigert</translation>
    </message>
    <message>
        <source>Address not allowed</source>
        <translation>Adresse nicht erlaubt</translation>
    </message>
    <message>
        <source>Image cannot be shown</source>
        <translation>Bild kann nicht gezeigt werden</translation>
    </message>
    <message>
        <source>Not an image</source>
        <translation>Kein Bild</translation>
    </message>
    <message>
        <source>Image is damaged</source>
        <translation>Bild ist beschädigt</translation>
    </message>
    <message>
        <source>Image is too large</source>
        <translation>Bild ist zu groß</translation>
    </message>
    <message>
        <source>Image takes too long to decode</source>
        <translation>Das Dekodieren des Bildes dauert zu lange</translation>
    </message>
    <message>
        <source>Image crashed the decoder</source>
        <translation>Das Bild brachte den Dekodierer zum Absturz</translation>
    </message>
    <message>
        <source>Image cache cannot be read</source>
        <translation>Bildspeicher kann nicht gelesen werden</translation>
    </message>
    <message>
        <source>Image is not here</source>
        <translation>Bild ist nicht hier</translation>
    </message>
    <message>
        <source>Not possible now</source>
        <translation>Jetzt nicht möglich</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
</context>
<context>
    <name>Evidence</name>
    <message>
        <source>Uploader</source>
        <translation>Hochgeladen von</translation>
    </message>
    <message>
        <source>Tags</source>
        <translation>Schlagwörter</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>Ordner</translation>
    </message>
</context>
<context>
    <name>EvidencePanel</name>
    <message>
        <source>Evidence and decision</source>
        <translation>Belege und Entscheidung</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Zeigen</translation>
    </message>
    <message>
        <source>Hide</source>
        <translation>Ausblenden</translation>
    </message>
    <message>
        <source>No image</source>
        <translation>Kein Bild</translation>
    </message>
    <message>
        <source>Machine verdict hidden until you decide</source>
        <translation>Maschinenurteil verborgen, bis entschieden ist</translation>
    </message>
    <message>
        <source>Machine labels</source>
        <translation>Maschinenlabels</translation>
    </message>
    <message>
        <source>No machine labels</source>
        <translation>Keine Maschinenlabels</translation>
    </message>
    <message>
        <source>Note for this decision ({key})</source>
        <translation>Notiz zu dieser Entscheidung ({key})</translation>
    </message>
    <message>
        <source>{count} alike</source>
        <translation>{count} ähnlich</translation>
    </message>
    <message>
        <source>None alike</source>
        <translation>Keine ähnlichen</translation>
    </message>
    <message>
        <source>Evidence</source>
        <translation>Belege</translation>
    </message>
    <message>
        <source>Note for this decision</source>
        <translation>Notiz zu dieser Entscheidung</translation>
    </message>
</context>
<context>
    <name>Exchange</name>
    <message>
        <source>The address would have changed on its way.</source>
        <translation>Die Adresse hätte sich unterwegs geändert.</translation>
    </message>
    <message>
        <source>The answer is larger than {body_bytes} bytes.</source>
        <translation>Die Antwort ist größer als {body_bytes} Bytes.</translation>
    </message>
    <message>
        <source>The answer unpacks to far more than a real one.</source>
        <translation>Entpackt ist die Antwort viel größer als eine echte.</translation>
    </message>
    <message>
        <source>The answer took too long.</source>
        <translation>Die Antwort dauerte zu lange.</translation>
    </message>
    <message>
        <source>The answer is cut short.</source>
        <translation>Die Antwort ist abgeschnitten.</translation>
    </message>
    <message>
        <source>The answer is packed in a way that was not asked for.</source>
        <translation>Die Antwort ist anders gepackt als verlangt.</translation>
    </message>
    <message>
        <source>The answer has something behind its end.</source>
        <translation>Hinter dem Ende der Antwort steht noch etwas.</translation>
    </message>
    <message>
        <source>The answer is packed wrongly.</source>
        <translation>Die Antwort ist falsch gepackt.</translation>
    </message>
</context>
<context>
    <name>Figures</name>
    <message>
        <source>{n} minute of work without a break.|{n} minutes of work without a break.</source>
        <translation>{n} Minute Arbeit ohne Pause.|{n} Minuten Arbeit ohne Pause.</translation>
    </message>
    <message>
        <source>{n} severe image since the last break.|{n} severe images since the last break.</source>
        <translation>{n} schweres Bild seit der letzten Pause.|{n} schwere Bilder seit der letzten Pause.</translation>
    </message>
    <message>
        <source>A few minutes away from the screen may be good now.</source>
        <translation>Ein paar Minuten weg vom Bildschirm könnten jetzt guttun.</translation>
    </message>
</context>
<context>
    <name>Filmstrip</name>
    <message>
        <source>waiting</source>
        <translation>wartet</translation>
    </message>
    <message>
        <source>now</source>
        <translation>jetzt</translation>
    </message>
    <message>
        <source>approved</source>
        <translation>freigegeben</translation>
    </message>
    <message>
        <source>rejected</source>
        <translation>abgelehnt</translation>
    </message>
    <message>
        <source>skipped</source>
        <translation>ausgelassen</translation>
    </message>
    <message>
        <source>escalated</source>
        <translation>eskaliert</translation>
    </message>
    <message>
        <source>Filmstrip</source>
        <translation>Filmstreifen</translation>
    </message>
    <message>
        <source>{at} images before, {ahead} after the current one.</source>
        <translation>{at} Bilder vor dem aktuellen, {ahead} danach.</translation>
    </message>
    <message>
        <source>No images in the queue</source>
        <translation>Keine Bilder in der Warteschlange</translation>
    </message>
</context>
<context>
    <name>FilterBar</name>
    <message>
        <source>Part of a name, kind:… tag:… reason:… label:nudity&gt;60 age&gt;2h size&gt;5mb pixels&gt;12mp format:gif, -not</source>
        <translation>Teil eines Namens, kind:… tag:… reason:… label:nudity&gt;60 age&gt;2h size&gt;5mb pixels&gt;12mp format:gif, -nicht</translation>
    </message>
    <message>
        <source>Filter</source>
        <translation>Filter</translation>
    </message>
</context>
<context>
    <name>Filtering</name>
    <message>
        <source>{why} (at character {at})</source>
        <translation>{why} (bei Zeichen {at})</translation>
    </message>
    <message>
        <source>A quotation mark is not closed</source>
        <translation>Ein Anführungszeichen ist nicht geschlossen</translation>
    </message>
    <message>
        <source>There is nothing to look for</source>
        <translation>Es gibt nichts, wonach zu suchen wäre</translation>
    </message>
    <message>
        <source>“{field}” is none of {known}</source>
        <translation>„{field}“ ist keines von {known}</translation>
    </message>
    <message>
        <source>Write {field}: and a name</source>
        <translation>{field}: und einen Namen schreiben</translation>
    </message>
    <message>
        <source>A name has to follow {field}:</source>
        <translation>Auf {field}: muss ein Name folgen</translation>
    </message>
    <message>
        <source>Write for example label:nudity&gt;60</source>
        <translation>Zum Beispiel label:nudity&gt;60 schreiben</translation>
    </message>
    <message>
        <source>The policy has no technical reason</source>
        <translation>Die Richtlinie hat keinen technischen Grund</translation>
    </message>
    <message>
        <source>Write for example {example}</source>
        <translation>Zum Beispiel {example} schreiben</translation>
    </message>
</context>
<context>
    <name>FirstSteps</name>
    <message>
        <source>approve</source>
        <translation>freigeben</translation>
    </message>
    <message>
        <source>reject</source>
        <translation>ablehnen</translation>
    </message>
    <message>
        <source>reject with a reason</source>
        <translation>mit Grund ablehnen</translation>
    </message>
    <message>
        <source>hold to look</source>
        <translation>halten zum Hinsehen</translation>
    </message>
    <message>
        <source>undo</source>
        <translation>rückgängig</translation>
    </message>
    <message>
        <source>skip</source>
        <translation>auslassen</translation>
    </message>
    <message>
        <source>every command</source>
        <translation>alle Befehle</translation>
    </message>
    <message>
        <source>every key</source>
        <translation>alle Tasten</translation>
    </message>
    <message>
        <source>One key decides</source>
        <translation>Eine Taste entscheidet</translation>
    </message>
    <message>
        <source>The next image is there at once. For some seconds nothing is sent, so undo simply takes the decision back.</source>
        <translation>Das nächste Bild ist sofort da. Einige Sekunden lang wird nichts gesendet, so nimmt Rückgängig die Entscheidung einfach zurück.</translation>
    </message>
    <message>
        <source>reject with that reason</source>
        <translation>mit diesem Grund ablehnen</translation>
    </message>
    <message>
        <source>Covered until you look</source>
        <translation>Verdeckt bis zum Hinsehen</translation>
    </message>
    <message>
        <source>An image that a machine or the policy warns of starts covered. You may reject it without looking; to approve it you have to see it.</source>
        <translation>Ein Bild, vor dem eine Maschine oder die Richtlinie warnt, beginnt verdeckt. Ablehnen geht ohne Hinsehen; zum Freigeben muss man es gesehen haben.</translation>
    </message>
    <message>
        <source>uncover</source>
        <translation>aufdecken</translation>
    </message>
    <message>
        <source>cover everything at once</source>
        <translation>alles auf einmal verdecken</translation>
    </message>
    <message>
        <source>Nothing is lost</source>
        <translation>Nichts geht verloren</translation>
    </message>
    <message>
        <source>Every decision is on this machine first and is posted from the outbox. Without a network you simply go on.</source>
        <translation>Jede Entscheidung liegt zuerst auf diesem Rechner und wird aus dem Postausgang gesendet. Ohne Netz geht es einfach weiter.</translation>
    </message>
    <message>
        <source>go offline and back</source>
        <translation>offline und zurück</translation>
    </message>
    <message>
        <source>post at once</source>
        <translation>sofort senden</translation>
    </message>
    <message>
        <source>what is not posted</source>
        <translation>was nicht gesendet ist</translation>
    </message>
    <message>
        <source>Everything has a key</source>
        <translation>Alles hat eine Taste</translation>
    </message>
    <message>
        <source>Type what you want to do, or look the key up. You can change every one of them.</source>
        <translation>Eintippen, was zu tun ist, oder die Taste nachschlagen. Jede lässt sich ändern.</translation>
    </message>
    <message>
        <source>find a command</source>
        <translation>einen Befehl finden</translation>
    </message>
    <message>
        <source>change keys</source>
        <translation>Tasten ändern</translation>
    </message>
    <message>
        <source>this tour again</source>
        <translation>noch einmal dieser Rundgang</translation>
    </message>
</context>
<context>
    <name>FrameActions</name>
    <message>
        <source>This image has one frame only.</source>
        <translation>Dieses Bild hat nur ein Einzelbild.</translation>
    </message>
    <message>
        <source>Motion is reduced in the settings: {back} and {on} step through the frames.</source>
        <translation>Bewegung ist in den Einstellungen reduziert: {back} und {on} gehen durch die Einzelbilder.</translation>
    </message>
</context>
<context>
    <name>FrameStrip</name>
    <message>
        <source>Frames</source>
        <translation>Einzelbilder</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Anhalten</translation>
    </message>
    <message>
        <source>Play</source>
        <translation>Abspielen</translation>
    </message>
    <message>
        <source>Page {at} of {count}</source>
        <translation>Seite {at} von {count}</translation>
    </message>
    <message>
        <source>Frame {at} of {count}</source>
        <translation>Einzelbild {at} von {count}</translation>
    </message>
    <message>
        <source>{place} cannot be shown: {damage}</source>
        <translation>{place} kann nicht gezeigt werden: {damage}</translation>
    </message>
    <message>
        <source>{place}, loading</source>
        <translation>{place}, wird geladen</translation>
    </message>
    <message>
        <source>playing</source>
        <translation>läuft</translation>
    </message>
    <message>
        <source>paused</source>
        <translation>angehalten</translation>
    </message>
    <message>
        <source>{place}, {delay_ms} ms, {state}</source>
        <translation>{place}, {delay_ms} ms, {state}</translation>
    </message>
</context>
<context>
    <name>GridActions</name>
    <message>
        <source>That is for the grid: {key} shows it.</source>
        <translation>Das gehört ins Raster: {key} zeigt es.</translation>
    </message>
    <message>
        <source>The policy has no reason on {digit}.</source>
        <translation>Die Richtlinie hat keinen Grund auf {digit}.</translation>
    </message>
    <message>
        <source>That is for one image: {key} shows it alone.</source>
        <translation>Das gilt für ein Bild: {key} zeigt es allein.</translation>
    </message>
</context>
<context>
    <name>GridPanel</name>
    <message>
        <source>{count} marked</source>
        <translation>{count} ausgewählt</translation>
    </message>
    <message>
        <source>This will {consequence}.</source>
        <translation>Das wird: {consequence}.</translation>
    </message>
    <message>
        <source>Confirm what is done to the screen</source>
        <translation>Bestätigen, was mit dem Bildschirm geschieht</translation>
    </message>
    <message>
        <source>Do it ({key})</source>
        <translation>Ausführen ({key})</translation>
    </message>
    <message>
        <source>Leave (Esc)</source>
        <translation>Lassen (Esc)</translation>
    </message>
</context>
<context>
    <name>GridPlan</name>
    <message>
        <source>covered</source>
        <translation>verdeckt</translation>
    </message>
    <message>
        <source>not shown long enough</source>
        <translation>nicht lang genug gezeigt</translation>
    </message>
    <message>
        <source>without a picture</source>
        <translation>ohne Bild</translation>
    </message>
    <message>
        <source>still with an earlier moderation</source>
        <translation>noch bei einer früheren Moderation</translation>
    </message>
    <message>
        <source>without a reason</source>
        <translation>ohne Grund</translation>
    </message>
    <message>
        <source>left to somebody else before</source>
        <translation>vorher jemand anderem überlassen</translation>
    </message>
    <message>
        <source>with more to see than a tile shows</source>
        <translation>mit mehr, als eine Kachel zeigt</translation>
    </message>
    <message>
        <source>You left this image to somebody else before: decide it on the stage.</source>
        <translation>Du hast dieses Bild jemand anderem überlassen: entscheide es auf der Bühne.</translation>
    </message>
    <message>
        <source>not decidable</source>
        <translation>nicht entscheidbar</translation>
    </message>
    <message>
        <source>{count} rejected</source>
        <translation>{count} abgelehnt</translation>
    </message>
    <message>
        <source>{count} approved</source>
        <translation>{count} freigegeben</translation>
    </message>
    <message>
        <source>There is more to this image than a tile shows: approve it on the stage.</source>
        <translation>An diesem Bild ist mehr, als eine Kachel zeigt: auf der Bühne freigeben.</translation>
    </message>
    <message>
        <source>reject {marked} marked and approve the other {rest} on screen</source>
        <translation>{marked} ausgewählte ablehnen und die anderen {rest} auf dem Bildschirm freigeben</translation>
    </message>
    <message>
        <source>reject {marked} marked</source>
        <translation>{marked} ausgewählte ablehnen</translation>
    </message>
    <message>
        <source>approve {rest} on screen</source>
        <translation>{rest} auf dem Bildschirm freigeben</translation>
    </message>
    <message>
        <source>{n} stays: {why}|{n} stay: {why}</source>
        <translation>{n} bleibt: {why}|{n} bleiben: {why}</translation>
    </message>
    <message>
        <source>“{title}” is given to one image at a time.</source>
        <translation>„{title}“ wird immer nur einem Bild gegeben.</translation>
    </message>
</context>
<context>
    <name>GridSession</name>
    <message>
        <source>This is the largest tile.</source>
        <translation>Das ist die größte Kachel.</translation>
    </message>
    <message>
        <source>This is the smallest tile.</source>
        <translation>Das ist die kleinste Kachel.</translation>
    </message>
    <message>
        <source>There are no tiles.</source>
        <translation>Es gibt keine Kacheln.</translation>
    </message>
    <message>
        <source>What comes next is still being read.</source>
        <translation>Was als Nächstes kommt, wird noch gelesen.</translation>
    </message>
    <message>
        <source>This is the last row of the queue.</source>
        <translation>Das ist die letzte Reihe der Warteschlange.</translation>
    </message>
    <message>
        <source>This is the first row of the queue.</source>
        <translation>Das ist die erste Reihe der Warteschlange.</translation>
    </message>
    <message>
        <source>No picture is on the screen yet.</source>
        <translation>Noch ist kein Bild auf dem Bildschirm.</translation>
    </message>
    <message>
        <source>No more than {most} can be marked.</source>
        <translation>Mehr als {most} lassen sich nicht auswählen.</translation>
    </message>
    <message>
        <source>There is no picture to uncover yet.</source>
        <translation>Noch gibt es kein Bild aufzudecken.</translation>
    </message>
    <message>
        <source>No tile is chosen; the arrows choose one.</source>
        <translation>Keine Kachel gewählt; die Pfeile wählen eine.</translation>
    </message>
</context>
<context>
    <name>GridSheet</name>
    <message>
        <source>Scroll the sheet</source>
        <translation>Das Blatt rollen</translation>
    </message>
    <message>
        <source>Contact sheet</source>
        <translation>Kontaktbogen</translation>
    </message>
    <message>
        <source>No tile is chosen.</source>
        <translation>Keine Kachel gewählt.</translation>
    </message>
    <message>
        <source>marked</source>
        <translation>ausgewählt</translation>
    </message>
    <message>
        <source>covered</source>
        <translation>verdeckt</translation>
    </message>
    <message>
        <source>shown</source>
        <translation>gezeigt</translation>
    </message>
    <message>
        <source>{tile}. {marked} marked.</source>
        <translation>{tile}. {marked} ausgewählt.</translation>
    </message>
    <message>
        <source>no picture</source>
        <translation>kein Bild</translation>
    </message>
    <message>
        <source>{n} frame|{n} frames</source>
        <translation>{n} Einzelbild|{n} Einzelbilder</translation>
    </message>
    <message>
        <source>Reading the queue</source>
        <translation>Die Warteschlange wird gelesen</translation>
    </message>
    <message>
        <source>The tiles come as they are read.</source>
        <translation>Die Kacheln kommen, wie sie gelesen werden.</translation>
    </message>
    <message>
        <source>Everything is covered</source>
        <translation>Alles ist verdeckt</translation>
    </message>
    <message>
        <source>Nothing can be decided until you go on.</source>
        <translation>Nichts kann entschieden werden, bis es weitergeht.</translation>
    </message>
</context>
<context>
    <name>GridStrokes</name>
    <message>
        <source>There is no image on screen.</source>
        <translation>Kein Bild auf dem Bildschirm.</translation>
    </message>
    <message>
        <source>Nothing is to be confirmed.</source>
        <translation>Nichts ist zu bestätigen.</translation>
    </message>
    <message>
        <source>Read first what would be done.</source>
        <translation>Erst lesen, was geschehen würde.</translation>
    </message>
    <message>
        <source>Nothing done: the queue has just changed.</source>
        <translation>Nichts getan: die Warteschlange hat sich gerade geändert.</translation>
    </message>
    <message>
        <source>{result}; undo takes all of them back.</source>
        <translation>{result}; Rückgängig nimmt alle zurück.</translation>
    </message>
    <message>
        <source>{result}; undo takes it back.</source>
        <translation>{result}; Rückgängig nimmt es zurück.</translation>
    </message>
    <message>
        <source>No tile is marked.</source>
        <translation>Keine Kachel ist ausgewählt.</translation>
    </message>
</context>
<context>
    <name>GroupActions</name>
    <message>
        <source>There is no image.</source>
        <translation>Es gibt kein Bild.</translation>
    </message>
    <message>
        <source>No image like this one is known here.</source>
        <translation>Hier ist kein Bild wie dieses bekannt.</translation>
    </message>
</context>
<context>
    <name>GroupBoard</name>
    <message>
        <source>Images that are alike</source>
        <translation>Ähnliche Bilder</translation>
    </message>
    <message>
        <source>Scroll the group</source>
        <translation>Die Gruppe rollen</translation>
    </message>
    <message>
        <source>No image.</source>
        <translation>Kein Bild.</translation>
    </message>
    <message>
        <source>marked</source>
        <translation>ausgewählt</translation>
    </message>
    <message>
        <source>not marked</source>
        <translation>nicht ausgewählt</translation>
    </message>
    <message>
        <source>covered</source>
        <translation>verdeckt</translation>
    </message>
    <message>
        <source>shown</source>
        <translation>gezeigt</translation>
    </message>
    <message>
        <source>{image}. {ticked} of {members} marked.</source>
        <translation>{image}. {ticked} von {members} ausgewählt.</translation>
    </message>
    <message>
        <source>Everything is covered</source>
        <translation>Alles ist verdeckt</translation>
    </message>
    <message>
        <source>Nothing can be decided now.</source>
        <translation>Jetzt kann nichts entschieden werden.</translation>
    </message>
</context>
<context>
    <name>GroupSession</name>
    <message>
        <source>{effects} The same key again does it.</source>
        <translation>{effects} Nochmals dieselbe Taste tut es.</translation>
    </message>
    <message>
        <source>There is no picture beyond this one.</source>
        <translation>Hinter diesem gibt es kein Bild.</translation>
    </message>
    <message>
        <source>No image is marked.</source>
        <translation>Kein Bild ist ausgewählt.</translation>
    </message>
    <message>
        <source>There is no picture here.</source>
        <translation>Hier ist kein Bild.</translation>
    </message>
    <message>
        <source>{result}; undo takes the chosen one back, on the stage all of them.</source>
        <translation>{result}; Rückgängig nimmt das gewählte zurück, auf der Bühne alle.</translation>
    </message>
    <message>
        <source>{result}.</source>
        <translation>{result}.</translation>
    </message>
    <message>
        <source>What is {status} is overridden on the stage, one image at a time.</source>
        <translation>Was {status} ist, wird auf der Bühne übersteuert, Bild für Bild.</translation>
    </message>
    <message>
        <source>This picture does not wait in this queue.</source>
        <translation>Dieses Bild wartet nicht in dieser Schlange.</translation>
    </message>
    <message>
        <source>There is no picture to uncover yet.</source>
        <translation>Noch gibt es kein Bild aufzudecken.</translation>
    </message>
</context>
<context>
    <name>GroupSheet</name>
    <message>
        <source>Images that are alike</source>
        <translation>Ähnliche Bilder</translation>
    </message>
    <message>
        <source>That is not for a group: {key} goes back.</source>
        <translation>Das gilt nicht für eine Gruppe: {key} geht zurück.</translation>
    </message>
    <message>
        <source>The policy has no reason on {digit}.</source>
        <translation>Die Richtlinie hat keinen Grund auf {digit}.</translation>
    </message>
    <message>
        <source>{count} of {all} marked</source>
        <translation>{count} von {all} ausgewählt</translation>
    </message>
</context>
<context>
    <name>GroupWords</name>
    <message>
        <source>approved</source>
        <translation>freigegeben</translation>
    </message>
    <message>
        <source>rejected</source>
        <translation>abgelehnt</translation>
    </message>
    <message>
        <source>the image you came from</source>
        <translation>das Bild, von dem du kommst</translation>
    </message>
    <message>
        <source>no difference found</source>
        <translation>kein Unterschied gefunden</translation>
    </message>
    <message>
        <source>{n} bit of 256 differ (pHash {phash})|{n} bits of 256 differ (pHash {phash})</source>
        <translation>{n} von 256 Bit verschieden (pHash {phash})|{n} von 256 Bit verschieden (pHash {phash})</translation>
    </message>
    <message>
        <source>waiting</source>
        <translation>wartet</translation>
    </message>
    <message>
        <source>not in this queue</source>
        <translation>nicht in dieser Schlange</translation>
    </message>
    <message>
        <source>{state}, unposted</source>
        <translation>{state}, nicht gesendet</translation>
    </message>
    <message>
        <source>new</source>
        <translation>neu</translation>
    </message>
</context>
<context>
    <name>HintStrip</name>
    <message>
        <source>Hide</source>
        <translation>Ausblenden</translation>
    </message>
    <message>
        <source>Hide the key hints</source>
        <translation>Die Tastenhinweise ausblenden</translation>
    </message>
    <message>
        <source>Hide the key hints; the setting “Key hints” shows them again</source>
        <translation>Die Tastenhinweise ausblenden; die Einstellung „Tastenhinweise“ zeigt sie wieder</translation>
    </message>
    <message>
        <source>Keys – {text}</source>
        <translation>Tasten – {text}</translation>
    </message>
</context>
<context>
    <name>History</name>
    <message>
        <source>held</source>
        <translation>zurückgehalten</translation>
    </message>
    <message>
        <source>to be posted</source>
        <translation>zu senden</translation>
    </message>
    <message>
        <source>being posted</source>
        <translation>wird gesendet</translation>
    </message>
    <message>
        <source>posted</source>
        <translation>gesendet</translation>
    </message>
    <message>
        <source>stuck</source>
        <translation>steckt fest</translation>
    </message>
    <message>
        <source>conflict</source>
        <translation>Konflikt</translation>
    </message>
    <message>
        <source>taken back</source>
        <translation>zurückgenommen</translation>
    </message>
    <message>
        <source>replaced</source>
        <translation>ersetzt</translation>
    </message>
    <message>
        <source>posted, then reversed</source>
        <translation>gesendet, dann umgekehrt</translation>
    </message>
    <message>
        <source>There is no picture to uncover yet.</source>
        <translation>Noch gibt es kein Bild aufzudecken.</translation>
    </message>
    <message>
        <source>It is posted as {status} already; only the other verdict can be posted now.</source>
        <translation>Es ist schon als {status} gesendet; nur das andere Urteil kann jetzt gesendet werden.</translation>
    </message>
    <message>
        <source>That is what was decided already.</source>
        <translation>So wurde es schon entschieden.</translation>
    </message>
    <message>
        <source>It is posted as {status}; that cannot be undone, only reversed by the other verdict.</source>
        <translation>Es ist als {status} gesendet; das lässt sich nicht rückgängig machen, nur durch das andere Urteil umkehren.</translation>
    </message>
    <message>
        <source>There is no decision to change.</source>
        <translation>Es gibt keine Entscheidung zu ändern.</translation>
    </message>
    <message>
        <source>This decision counts no more ({state}).</source>
        <translation>Diese Entscheidung zählt nicht mehr ({state}).</translation>
    </message>
    <message>
        <source>It is being posted at this moment; try again.</source>
        <translation>Sie wird in diesem Moment gesendet; noch einmal versuchen.</translation>
    </message>
    <message>
        <source>It is stuck: Outbox settles that.</source>
        <translation>Sie steckt fest: der Postausgang klärt das.</translation>
    </message>
    <message>
        <source>It is in conflict: Outbox settles that.</source>
        <translation>Sie ist im Konflikt: der Postausgang klärt das.</translation>
    </message>
    <message>
        <source>Not changed: it was posted meanwhile.</source>
        <translation>Nicht geändert: sie wurde inzwischen gesendet.</translation>
    </message>
    <message>
        <source>Changed to {status}; it is held anew.</source>
        <translation>Geändert in {status}; wird neu zurückgehalten.</translation>
    </message>
    <message>
        <source>It will be posted as {target}.</source>
        <translation>Wird als {target} gesendet.</translation>
    </message>
    <message>
        <source>Taken back: the image waits in the queue again.</source>
        <translation>Zurückgenommen: das Bild wartet wieder in der Schlange.</translation>
    </message>
    <message>
        <source>Taken back: an earlier choice counts.</source>
        <translation>Zurückgenommen: eine frühere Wahl zählt.</translation>
    </message>
    <message>
        <source>Not taken back: it was posted meanwhile.</source>
        <translation>Nicht zurückgenommen: sie wurde inzwischen gesendet.</translation>
    </message>
    <message>
        <source>It cannot be taken back any more.</source>
        <translation>Sie lässt sich nicht mehr zurücknehmen.</translation>
    </message>
    <message>
        <source>Not saved. {title}: {message}</source>
        <translation>Nicht gespeichert. {title}: {message}</translation>
    </message>
</context>
<context>
    <name>HistoryList</name>
    <message>
        <source>Your last decisions</source>
        <translation>Deine letzten Entscheidungen</translation>
    </message>
</context>
<context>
    <name>HistoryPicture</name>
    <message>
        <source>Everything is covered</source>
        <translation>Alles ist verdeckt</translation>
    </message>
    <message>
        <source>Nothing can be changed meanwhile.</source>
        <translation>Solange kann nichts geändert werden.</translation>
    </message>
    <message>
        <source>No decision yet</source>
        <translation>Noch keine Entscheidung</translation>
    </message>
    <message>
        <source>What you decide is listed here.</source>
        <translation>Was du entscheidest, steht hier.</translation>
    </message>
    <message>
        <source>Loading the image</source>
        <translation>Das Bild wird geladen</translation>
    </message>
    <message>
        <source>It comes from this machine or the service.</source>
        <translation>Es kommt von diesem Rechner oder vom Dienst.</translation>
    </message>
    <message>
        <source>Image of the decision</source>
        <translation>Bild der Entscheidung</translation>
    </message>
    <message>
        <source>covered</source>
        <translation>verdeckt</translation>
    </message>
    <message>
        <source>shown</source>
        <translation>gezeigt</translation>
    </message>
    <message>
        <source>No picture</source>
        <translation>Kein Bild</translation>
    </message>
    <message>
        <source>{key} uncovers</source>
        <translation>{key} deckt auf</translation>
    </message>
</context>
<context>
    <name>HistorySheet</name>
    <message>
        <source>History · your last 50 decisions</source>
        <translation>Verlauf · deine letzten 50 Entscheidungen</translation>
    </message>
    <message>
        <source>The policy has no reason on {digit}.</source>
        <translation>Die Richtlinie hat keinen Grund auf {digit}.</translation>
    </message>
    <message>
        <source>“{label}” is for the stage; {key} goes back to it.</source>
        <translation>„{label}“ gehört auf die Bühne; {key} führt zurück.</translation>
    </message>
    <message>
        <source>{text} Press {key} again to do it.</source>
        <translation>{text} Nochmals {key} drücken, um es zu tun.</translation>
    </message>
    <message>
        <source>{label} instead</source>
        <translation>{label} statt dessen</translation>
    </message>
</context>
<context>
    <name>InspectionActions</name>
    <message>
        <source>Zoom and place stay when the next image comes.</source>
        <translation>Zoom und Ausschnitt bleiben beim nächsten Bild.</translation>
    </message>
    <message>
        <source>Each image begins whole and upright.</source>
        <translation>Jedes Bild beginnt ganz und aufrecht.</translation>
    </message>
    <message>
        <source>Shadows as they are.</source>
        <translation>Schatten, wie sie sind.</translation>
    </message>
    <message>
        <source>Shadows are brightened as soon as the image is uncovered.</source>
        <translation>Die Schatten werden aufgehellt, sobald das Bild aufgedeckt ist.</translation>
    </message>
    <message>
        <source>Shadows are brightened.</source>
        <translation>Die Schatten sind aufgehellt.</translation>
    </message>
    <message>
        <source>There is no picture yet.</source>
        <translation>Noch gibt es kein Bild.</translation>
    </message>
    <message>
        <source>This is the original already.</source>
        <translation>Das ist schon das Original.</translation>
    </message>
    <message>
        <source>Fetching the original{weight}.</source>
        <translation>Das Original wird geholt{weight}.</translation>
    </message>
    <message>
        <source>The original{weight} comes as soon as the service can be reached.</source>
        <translation>Das Original{weight} kommt, sobald der Dienst erreichbar ist.</translation>
    </message>
    <message>
        <source>The original could not be fetched: {failed}</source>
        <translation>Das Original konnte nicht geholt werden: {failed}</translation>
    </message>
    <message>
        <source>The original is here and being opened.</source>
        <translation>Das Original ist da und wird geöffnet.</translation>
    </message>
    <message>
        <source>Original: {got} of {total}.</source>
        <translation>Original: {got} von {total}.</translation>
    </message>
    <message>
        <source>Original: {size} so far.</source>
        <translation>Original: bisher {size}.</translation>
    </message>
    <message>
        <source>The original cannot be shown: {message}</source>
        <translation>Das Original kann nicht gezeigt werden: {message}</translation>
    </message>
    <message>
        <source>The original, {size} pixels.</source>
        <translation>Das Original, {size} Bildpunkte.</translation>
    </message>
    <message>
        <source>What machines found is hidden until you decide.</source>
        <translation>Was Maschinen fanden, ist verborgen, bis entschieden ist.</translation>
    </message>
    <message>
        <source>What machines found is shown.</source>
        <translation>Was Maschinen fanden, wird gezeigt.</translation>
    </message>
</context>
<context>
    <name>Integrity</name>
    <message>
        <source>Only part of the image arrived: {got_length} of {content_length} bytes. What you see may not be the whole picture.</source>
        <translation>Nur ein Teil des Bildes kam an: {got_length} von {content_length} Bytes. Was zu sehen ist, ist vielleicht nicht alles.</translation>
    </message>
    <message>
        <source>This is not the file that was listed: {got_length} bytes came, {listing_bytes} were listed. It may have been replaced since.</source>
        <translation>Das ist nicht die gelistete Datei: {got_length} Bytes kamen, {listing_bytes} waren gelistet. Sie wurde vielleicht seitdem ersetzt.</translation>
    </message>
    <message>
        <source>This is not the file that was listed: its checksum differs. It may have been replaced since.</source>
        <translation>Das ist nicht die gelistete Datei: ihre Prüfsumme weicht ab. Sie wurde vielleicht seitdem ersetzt.</translation>
    </message>
</context>
<context>
    <name>KeyNames</name>
    <message>
        <source>Ctrl</source>
        <translation>Strg</translation>
    </message>
    <message>
        <source>Alt</source>
        <translation>Alt</translation>
    </message>
    <message>
        <source>Meta</source>
        <translation>Meta</translation>
    </message>
    <message>
        <source>Shift</source>
        <translation>Umschalt</translation>
    </message>
    <message>
        <source>Space</source>
        <translation>Leertaste</translation>
    </message>
    <message>
        <source>Backspace</source>
        <translation>Rücktaste</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Entf</translation>
    </message>
    <message>
        <source>Del</source>
        <translation>Entf</translation>
    </message>
    <message>
        <source>Insert</source>
        <translation>Einfg</translation>
    </message>
    <message>
        <source>Left</source>
        <translation>Links</translation>
    </message>
    <message>
        <source>Right</source>
        <translation>Rechts</translation>
    </message>
    <message>
        <source>Up</source>
        <translation>Hoch</translation>
    </message>
    <message>
        <source>Down</source>
        <translation>Runter</translation>
    </message>
    <message>
        <source>Home</source>
        <translation>Pos1</translation>
    </message>
    <message>
        <source>End</source>
        <translation>Ende</translation>
    </message>
    <message>
        <source>PageUp</source>
        <translation>Bild auf</translation>
    </message>
    <message>
        <source>PageDown</source>
        <translation>Bild ab</translation>
    </message>
    <message>
        <source>PgUp</source>
        <translation>Bild auf</translation>
    </message>
    <message>
        <source>PgDn</source>
        <translation>Bild ab</translation>
    </message>
    <message>
        <source>Return</source>
        <translation>Eingabe</translation>
    </message>
    <message>
        <source>Enter</source>
        <translation>Enter</translation>
    </message>
    <message>
        <source>Escape</source>
        <translation>Esc</translation>
    </message>
    <message>
        <source>Esc</source>
        <translation>Esc</translation>
    </message>
    <message>
        <source>Tab</source>
        <translation>Tab</translation>
    </message>
    <message>
        <source>Num {sign}</source>
        <translation>Num {sign}</translation>
    </message>
</context>
<context>
    <name>KeyedButtons</name>
    <message>
        <source>{tip} Key {key}.</source>
        <translation>{tip} Taste {key}.</translation>
    </message>
</context>
<context>
    <name>Keymap</name>
    <message>
        <source>Decide</source>
        <translation>Entscheiden</translation>
    </message>
    <message>
        <source>Move</source>
        <translation>Bewegen</translation>
    </message>
    <message>
        <source>Grid</source>
        <translation>Raster</translation>
    </message>
    <message>
        <source>Look</source>
        <translation>Ansehen</translation>
    </message>
    <message>
        <source>Panels</source>
        <translation>Ansichten</translation>
    </message>
    <message>
        <source>Service</source>
        <translation>Dienst</translation>
    </message>
    <message>
        <source>Window</source>
        <translation>Fenster</translation>
    </message>
</context>
<context>
    <name>KeymapEditing</name>
    <message>
        <source>Mine</source>
        <translation>Meine</translation>
    </message>
    <message>
        <source>Your own keys clash with {preset}: {error} Reset them first.</source>
        <translation>Deine eigenen Tasten vertragen sich nicht mit {preset}: {error} Setze sie zuerst zurück.</translation>
    </message>
    <message>
        <source>{key} cannot be a key: Enter confirms and never decides, Escape leaves, and Tab goes from button to button.</source>
        <translation>{key} kann keine Taste sein: die Eingabetaste bestätigt und entscheidet nie, Esc verlässt, und Tab geht von Knopf zu Knopf.</translation>
    </message>
    <message>
        <source>{key} is the key of “{label}”. Nothing was changed.</source>
        <translation>{key} ist die Taste von „{label}“. Nichts wurde geändert.</translation>
    </message>
</context>
<context>
    <name>KeymapEditor</name>
    <message>
        <source>Choose a command, then “Change” or “Add”, then press the key.</source>
        <translation>Einen Befehl wählen, dann „Ändern“ oder „Hinzufügen“, dann die Taste drücken.</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Tasten</translation>
    </message>
    <message>
        <source>{problem} The first change replaces that file.</source>
        <translation>{problem} Die erste Änderung ersetzt diese Datei.</translation>
    </message>
    <message>
        <source>&amp;Keymap</source>
        <translation>Tasten&amp;belegung</translation>
    </message>
    <message>
        <source>Keymap</source>
        <translation>Tastenbelegung</translation>
    </message>
    <message>
        <source>&amp;Letters, digits and signs without Alt</source>
        <translation>&amp;Buchstaben, Ziffern und Zeichen ohne Alt</translation>
    </message>
    <message>
        <source>Off: no letter, digit or sign is a key by itself; A is Alt+A then, Shift+B is Alt+Shift+B. For speech input, and for hands that touch keys by accident.</source>
        <translation>Aus: kein Buchstabe, keine Ziffer und kein Zeichen ist für sich eine Taste; A ist dann Alt+A, Umschalt+B ist Alt+Umschalt+B. Für Spracheingabe und für Hände, die Tasten aus Versehen berühren.</translation>
    </message>
    <message>
        <source>Commands and their keys</source>
        <translation>Befehle und ihre Tasten</translation>
    </message>
    <message>
        <source>Command</source>
        <translation>Befehl</translation>
    </message>
    <message>
        <source>&amp;Change</source>
        <translation>&amp;Ändern</translation>
    </message>
    <message>
        <source>Press the key of “{title}” now. Esc changes nothing.</source>
        <translation>Jetzt die Taste von „{title}“ drücken. Esc ändert nichts.</translation>
    </message>
    <message>
        <source>&amp;Add</source>
        <translation>&amp;Hinzufügen</translation>
    </message>
    <message>
        <source>Press another key of “{title}” now. Esc changes nothing.</source>
        <translation>Jetzt eine weitere Taste von „{title}“ drücken. Esc ändert nichts.</translation>
    </message>
    <message>
        <source>Re&amp;move</source>
        <translation>&amp;Entfernen</translation>
    </message>
    <message>
        <source>&amp;Reset</source>
        <translation>&amp;Zurücksetzen</translation>
    </message>
    <message>
        <source>Reset a&amp;ll</source>
        <translation>A&amp;lle zurücksetzen</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>yours</source>
        <translation>deine</translation>
    </message>
    <message>
        <source>Kept.</source>
        <translation>Behalten.</translation>
    </message>
</context>
<context>
    <name>KeymapFile</name>
    <message>
        <source>“{text}” is not a key.</source>
        <translation>„{text}“ ist keine Taste.</translation>
    </message>
    <message>
        <source>“{text}”: {name} is not a modifier key.</source>
        <translation>„{text}“: {name} ist keine Umschalttaste.</translation>
    </message>
    <message>
        <source>there is no command “{command}”</source>
        <translation>es gibt keinen Befehl „{command}“</translation>
    </message>
    <message>
        <source>Keymap “{name}”: {faults}.</source>
        <translation>Tastenbelegung „{name}“: {faults}.</translation>
    </message>
    <message>
        <source>The keymap file is not valid TOML: {error}</source>
        <translation>Die Datei der Tastenbelegung ist kein gültiges TOML: {error}</translation>
    </message>
    <message>
        <source>The keymap file has no [keys] table.</source>
        <translation>Die Datei der Tastenbelegung hat keine Tabelle [keys].</translation>
    </message>
    <message>
        <source>Keymap: {command} must be a key or a list of keys.</source>
        <translation>Tastenbelegung: {command} muss eine Taste oder eine Liste von Tasten sein.</translation>
    </message>
    <message>
        <source>unnamed</source>
        <translation>ohne Namen</translation>
    </message>
    <message>
        <source>{command} has an empty key</source>
        <translation>{command} hat eine leere Taste</translation>
    </message>
    <message>
        <source>{keys} ({command}) is reserved and cannot be bound</source>
        <translation>{keys} ({command}) ist reserviert und kann nicht belegt werden</translation>
    </message>
    <message>
        <source>{keys} ({command}) begins with the key of {other}</source>
        <translation>{keys} ({command}) beginnt mit der Taste von {other}</translation>
    </message>
    <message>
        <source>{keys} is used by both {other} and {command}</source>
        <translation>{keys} gehört zu {other} und zu {command}</translation>
    </message>
    <message>
        <source>{keys} ({command}) is the beginning of another key sequence</source>
        <translation>{keys} ({command}) ist der Anfang einer anderen Tastenfolge</translation>
    </message>
</context>
<context>
    <name>KeymapNames</name>
    <message>
        <source>Coral</source>
        <translation>Coral</translation>
    </message>
    <message>
        <source>Default</source>
        <translation>Standard</translation>
    </message>
    <message>
        <source>Label Studio</source>
        <translation>Label Studio</translation>
    </message>
    <message>
        <source>Left hand</source>
        <translation>Linke Hand</translation>
    </message>
    <message>
        <source>Lightroom</source>
        <translation>Lightroom</translation>
    </message>
    <message>
        <source>Number pad</source>
        <translation>Ziffernblock</translation>
    </message>
    <message>
        <source>Prodigy</source>
        <translation>Prodigy</translation>
    </message>
</context>
<context>
    <name>Keymaps</name>
    <message>
        <source>There is no keymap “{extends}”. There are: {join}.</source>
        <translation>Es gibt keine Tastenbelegung „{extends}“. Es gibt: {join}.</translation>
    </message>
    <message>
        <source>{path}: {error} The last good keys are in use.</source>
        <translation>{path}: {error} Die letzten guten Tasten gelten.</translation>
    </message>
    <message>
        <source>{path}: {error} The shipped keys are in use.</source>
        <translation>{path}: {error} Die mitgelieferten Tasten gelten.</translation>
    </message>
    <message>
        <source>The keys cannot be kept for the day their file is wrong. {error}</source>
        <translation>Die Tasten lassen sich nicht für den Tag aufheben, an dem ihre Datei falsch ist. {error}</translation>
    </message>
</context>
<context>
    <name>LabelBars</name>
    <message>
        <source>Machine labels</source>
        <translation>Maschinenlabels</translation>
    </message>
    <message>
        <source>{score} over {threshold:.0f}</source>
        <translation>{score} über {threshold:.0f}</translation>
    </message>
    <message>
        <source>{score} of {threshold:.0f}</source>
        <translation>{score} von {threshold:.0f}</translation>
    </message>
    <message>
        <source>{name} {confidence:.0f} percent, threshold {threshold:.0f}</source>
        <translation>{name} {confidence:.0f} Prozent, Schwelle {threshold:.0f}</translation>
    </message>
</context>
<context>
    <name>ListsSheet</name>
    <message>
        <source>Skipped</source>
        <translation>Ausgelassen</translation>
    </message>
    <message>
        <source>Put at the back of the queue: {count}.</source>
        <translation>Ans Ende der Warteschlange gestellt: {count}.</translation>
    </message>
    <message>
        <source>Nothing is skipped.</source>
        <translation>Nichts ist ausgelassen.</translation>
    </message>
    <message>
        <source>Flagged</source>
        <translation>Markiert</translation>
    </message>
    <message>
        <source>Bookmarks; they change nothing of the queue: {count}.</source>
        <translation>Lesezeichen; sie ändern nichts an der Warteschlange: {count}.</translation>
    </message>
    <message>
        <source>Nothing is flagged.</source>
        <translation>Nichts ist markiert.</translation>
    </message>
    <message>
        <source>Escalated</source>
        <translation>Eskaliert</translation>
    </message>
    <message>
        <source>Waiting for a second opinion: {count}.</source>
        <translation>Wartet auf eine zweite Meinung: {count}.</translation>
    </message>
    <message>
        <source>Nothing is escalated.</source>
        <translation>Nichts ist eskaliert.</translation>
    </message>
    <message>
        <source>&amp;Bring back (Enter)</source>
        <translation>&amp;Zurückholen (Eingabe)</translation>
    </message>
    <message>
        <source>&amp;Look at it (Enter)</source>
        <translation>&amp;Ansehen (Eingabe)</translation>
    </message>
    <message>
        <source>Skipped, flagged, escalated</source>
        <translation>Ausgelassen, markiert, eskaliert</translation>
    </message>
    <message>
        <source>Lists</source>
        <translation>Listen</translation>
    </message>
    <message>
        <source>Reading…</source>
        <translation>Wird gelesen…</translation>
    </message>
    <message>
        <source>Images of this list</source>
        <translation>Bilder dieser Liste</translation>
    </message>
    <message>
        <source>&amp;Remove flag (Del)</source>
        <translation>Markierung &amp;entfernen (Entf)</translation>
    </message>
    <message>
        <source>Close (Esc)</source>
        <translation>Schließen (Esc)</translation>
    </message>
    <message>
        <source>{n} image|{n} images</source>
        <translation>{n} Bild|{n} Bilder</translation>
    </message>
    <message>
        <source>Escalate</source>
        <translation>Eskalieren</translation>
    </message>
    <message>
        <source>Ask for a second opinion</source>
        <translation>Um eine zweite Meinung bitten</translation>
    </message>
    <message>
        <source>{name} leaves your queue and stays pending at the service, for somebody else to decide.</source>
        <translation>{name} verlässt deine Schlange und bleibt beim Dienst offen, damit jemand anderes entscheidet.</translation>
    </message>
    <message>
        <source>Why, or what is to be looked at</source>
        <translation>Warum, oder was anzusehen ist</translation>
    </message>
    <message>
        <source>&amp;Escalate (Enter)</source>
        <translation>&amp;Eskalieren (Eingabe)</translation>
    </message>
    <message>
        <source>Cancel (Esc)</source>
        <translation>Abbrechen (Esc)</translation>
    </message>
    <message>
        <source>Another image is on the stage now.</source>
        <translation>Jetzt ist ein anderes Bild auf der Bühne.</translation>
    </message>
    <message>
        <source>since {when} by {actor}</source>
        <translation>seit {when} von {actor}</translation>
    </message>
    <message>
        <source>you</source>
        <translation>dir</translation>
    </message>
    <message>
        <source>skipped {count} times</source>
        <translation>{count}-mal ausgelassen</translation>
    </message>
</context>
<context>
    <name>LookActions</name>
    <message>
        <source>Theme: {name}.</source>
        <translation>Farbschema: {name}.</translation>
    </message>
    <message>
        <source>Text size: {percent} %.</source>
        <translation>Textgröße: {percent} %.</translation>
    </message>
</context>
<context>
    <name>Media</name>
    <message>
        <source>The file has more than {limit} bytes.</source>
        <translation>Die Datei hat mehr als {limit} Bytes.</translation>
    </message>
    <message>
        <source>Showing this image needs more memory.</source>
        <translation>Dieses Bild zu zeigen braucht mehr Speicher.</translation>
    </message>
    <message>
        <source>The copy on this machine is damaged; fetch it again.</source>
        <translation>Die Kopie auf diesem Rechner ist beschädigt; bitte neu holen.</translation>
    </message>
    <message>
        <source>Decoding this image needs more memory.</source>
        <translation>Dieses Bild zu dekodieren braucht mehr Speicher.</translation>
    </message>
    <message>
        <source>The image is not on this machine; it has to be fetched.</source>
        <translation>Das Bild ist nicht auf diesem Rechner; es muss geholt werden.</translation>
    </message>
    <message>
        <source>Decoding was stopped after {seconds} seconds.</source>
        <translation>Das Dekodieren wurde nach {seconds} Sekunden abgebrochen.</translation>
    </message>
    <message>
        <source>The image decoder does not start on this machine.</source>
        <translation>Der Bilddekodierer startet auf diesem Rechner nicht.</translation>
    </message>
    <message>
        <source>The image decoder ended twice on this image.</source>
        <translation>Der Bilddekodierer ist an diesem Bild zweimal abgebrochen.</translation>
    </message>
    <message>
        <source>The fingerprint of this image needs more memory.</source>
        <translation>Der Fingerabdruck dieses Bildes braucht mehr Speicher.</translation>
    </message>
    <message>
        <source>The fingerprint of this image took too long.</source>
        <translation>Der Fingerabdruck dieses Bildes hat zu lange gedauert.</translation>
    </message>
    <message>
        <source>The fingerprint worker ended twice on this image.</source>
        <translation>Der Prozess für Fingerabdrücke ist an diesem Bild zweimal abgebrochen.</translation>
    </message>
    <message>
        <source>The file is not a picture but {what}.</source>
        <translation>Die Datei ist kein Bild, sondern {what}.</translation>
    </message>
    <message>
        <source>a video</source>
        <translation>ein Video</translation>
    </message>
    <message>
        <source>a Windows program</source>
        <translation>ein Windows-Programm</translation>
    </message>
    <message>
        <source>a Linux program</source>
        <translation>ein Linux-Programm</translation>
    </message>
    <message>
        <source>a Mac program or Java class</source>
        <translation>ein Mac-Programm oder eine Java-Klasse</translation>
    </message>
    <message>
        <source>a Mac program</source>
        <translation>ein Mac-Programm</translation>
    </message>
    <message>
        <source>a script</source>
        <translation>ein Skript</translation>
    </message>
    <message>
        <source>a ZIP archive or office document</source>
        <translation>ein ZIP-Archiv oder Office-Dokument</translation>
    </message>
    <message>
        <source>a PDF document</source>
        <translation>ein PDF-Dokument</translation>
    </message>
    <message>
        <source>a PostScript document</source>
        <translation>ein PostScript-Dokument</translation>
    </message>
    <message>
        <source>a Photoshop document</source>
        <translation>ein Photoshop-Dokument</translation>
    </message>
    <message>
        <source>compressed data</source>
        <translation>komprimierte Daten</translation>
    </message>
    <message>
        <source>a sound file</source>
        <translation>eine Tondatei</translation>
    </message>
    <message>
        <source>an SVG drawing</source>
        <translation>eine SVG-Zeichnung</translation>
    </message>
    <message>
        <source>a web page</source>
        <translation>eine Webseite</translation>
    </message>
    <message>
        <source>The file is empty.</source>
        <translation>Die Datei ist leer.</translation>
    </message>
    <message>
        <source>a markup document</source>
        <translation>ein Markup-Dokument</translation>
    </message>
    <message>
        <source>The file is not a picture in a format that can be shown here.</source>
        <translation>Die Datei ist kein Bild in einem Format, das hier gezeigt werden kann.</translation>
    </message>
    <message>
        <source>The file has {size} bytes; {limit} is the limit.</source>
        <translation>Die Datei hat {size} Bytes; {limit} ist die Grenze.</translation>
    </message>
    <message>
        <source>Decoding this image needs more memory than it may use.</source>
        <translation>Dieses Bild zu dekodieren braucht mehr Speicher, als erlaubt ist.</translation>
    </message>
    <message>
        <source>The {kind} file is damaged: its beginning cannot be read.</source>
        <translation>Die {kind}-Datei ist beschädigt: Ihr Anfang ist nicht lesbar.</translation>
    </message>
    <message>
        <source>The {kind} file is damaged or cut short{why}.</source>
        <translation>Die {kind}-Datei ist beschädigt oder abgeschnitten{why}.</translation>
    </message>
    <message>
        <source>{kind} pictures can be shown when the {extra} extra is installed.</source>
        <translation>{kind}-Bilder lassen sich zeigen, wenn das Extra {extra} installiert ist.</translation>
    </message>
    <message>
        <source>The image says that it has no pixels.</source>
        <translation>Das Bild hat nach eigener Angabe keine Pixel.</translation>
    </message>
    <message>
        <source>The image says that it is {width} × {height} pixels; more than {most} megapixels are not decoded.</source>
        <translation>Das Bild hat nach eigener Angabe {width} × {height} Pixel; mehr als {most} Megapixel werden nicht dekodiert.</translation>
    </message>
</context>
<context>
    <name>MessageLine</name>
    <message>
        <source>shows every key</source>
        <translation>zeigt alle Tasten</translation>
    </message>
    <message>
        <source>finds every command</source>
        <translation>findet alle Befehle</translation>
    </message>
    <message>
        <source>Reverse all {many}</source>
        <translation>Alle {many} umkehren</translation>
    </message>
    <message>
        <source>Approve instead</source>
        <translation>Doch freigeben</translation>
    </message>
    <message>
        <source>Reject instead</source>
        <translation>Doch ablehnen</translation>
    </message>
    <message>
        <source>{effects} Press {key} again to do it.</source>
        <translation>{effects} Nochmals {key} drücken, um es zu tun.</translation>
    </message>
</context>
<context>
    <name>NetworkLink</name>
    <message>
        <source>The network process ended ({ending}) and is started again.</source>
        <translation>Der Netzprozess endete ({ending}) und wird neu gestartet.</translation>
    </message>
    <message>
        <source>The network process cannot be started ({strerror}).</source>
        <translation>Der Netzprozess kann nicht gestartet werden ({strerror}).</translation>
    </message>
</context>
<context>
    <name>NetworkPrefetch</name>
    <message>
        <source>This picture was destroyed here for good; it is not fetched again.</source>
        <translation>Dieses Bild wurde hier endgültig vernichtet; es wird nicht wieder geholt.</translation>
    </message>
    <message>
        <source>The service delivers no rejected images, so there is no picture to look at. It can be skipped; approved elsewhere, it is delivered again.</source>
        <translation>Der Dienst liefert keine abgelehnten Bilder aus, daher gibt es nichts anzusehen. Es lässt sich auslassen; anderswo freigegeben wird es wieder ausgeliefert.</translation>
    </message>
    <message>
        <source>The service gives no address for this image.</source>
        <translation>Der Dienst nennt keine Adresse für dieses Bild.</translation>
    </message>
    <message>
        <source>The image cache has no room for it.</source>
        <translation>Der Bildspeicher hat keinen Platz dafür.</translation>
    </message>
</context>
<context>
    <name>NetworkProcess</name>
    <message>
        <source>Another station is at work here.</source>
        <translation>Hier arbeitet eine andere Station.</translation>
    </message>
</context>
<context>
    <name>OfflineTrip</name>
    <message>
        <source>There is no room for so many any more.</source>
        <translation>Für so viele ist kein Platz mehr.</translation>
    </message>
</context>
<context>
    <name>Outbox</name>
    <message>
        <source>The picture was replaced after it was decided.</source>
        <translation>Das Bild wurde ersetzt, nachdem es entschieden war.</translation>
    </message>
    <message>
        <source>The service says {status}.</source>
        <translation>Der Dienst sagt: {status}.</translation>
    </message>
    <message>
        <source>Replaced by a newer decision.</source>
        <translation>Durch eine neuere Entscheidung ersetzt.</translation>
    </message>
    <message>
        <source>The program ended while this was being posted.</source>
        <translation>Das Programm endete, während dies gesendet wurde.</translation>
    </message>
    <message>
        <source>Taken back.</source>
        <translation>Zurückgenommen.</translation>
    </message>
    <message>
        <source>Dropped.</source>
        <translation>Aufgegeben.</translation>
    </message>
    <message>
        <source>Theirs was accepted.</source>
        <translation>Die andere Entscheidung wurde übernommen.</translation>
    </message>
    <message>
        <source>To be looked at again.</source>
        <translation>Wird noch einmal angesehen.</translation>
    </message>
</context>
<context>
    <name>OutboxDialog</name>
    <message>
        <source>Try again</source>
        <translation>Erneut versuchen</translation>
    </message>
    <message>
        <source>Post this decision once more.</source>
        <translation>Diese Entscheidung noch einmal senden.</translation>
    </message>
    <message>
        <source>Post this one</source>
        <translation>Diese senden</translation>
    </message>
    <message>
        <source>Post this decision now.</source>
        <translation>Diese Entscheidung jetzt senden.</translation>
    </message>
    <message>
        <source>Drop…</source>
        <translation>Verwerfen…</translation>
    </message>
    <message>
        <source>Never post this decision; the image may come back.</source>
        <translation>Diese Entscheidung nie senden; das Bild kommt vielleicht wieder.</translation>
    </message>
    <message>
        <source>Keep mine</source>
        <translation>Meine behalten</translation>
    </message>
    <message>
        <source>Post your verdict over the other one.</source>
        <translation>Dein Urteil über das andere setzen.</translation>
    </message>
    <message>
        <source>Accept theirs</source>
        <translation>Andere annehmen</translation>
    </message>
    <message>
        <source>Leave the image as the other one decided.</source>
        <translation>Das Bild lassen, wie die anderen entschieden.</translation>
    </message>
    <message>
        <source>Look again</source>
        <translation>Neu ansehen</translation>
    </message>
    <message>
        <source>Bring the image back into the queue.</source>
        <translation>Das Bild zurück in die Warteschlange holen.</translation>
    </message>
    <message>
        <source>Outbox</source>
        <translation>Postausgang</translation>
    </message>
    <message>
        <source>Reading…</source>
        <translation>Wird gelesen…</translation>
    </message>
    <message>
        <source>Decisions that are not posted</source>
        <translation>Nicht gesendete Entscheidungen</translation>
    </message>
    <message>
        <source>Why it is dropped; kept in the record</source>
        <translation>Warum sie verworfen wird; bleibt im Protokoll</translation>
    </message>
    <message>
        <source>Why it is dropped</source>
        <translation>Warum sie verworfen wird</translation>
    </message>
    <message>
        <source>Drop it</source>
        <translation>Verwerfen</translation>
    </message>
    <message>
        <source>It is never posted.</source>
        <translation>Sie wird nie gesendet.</translation>
    </message>
    <message>
        <source>Ask the service again, whatever stopped the outbox.</source>
        <translation>Den Dienst noch einmal fragen, was auch immer den Postausgang anhielt.</translation>
    </message>
    <message>
        <source>Try all now</source>
        <translation>Jetzt alle versuchen</translation>
    </message>
    <message>
        <source>Post what is held for undo.</source>
        <translation>Senden, was noch zurückgehalten wird.</translation>
    </message>
    <message>
        <source>Post held</source>
        <translation>Senden</translation>
    </message>
    <message>
        <source>Page before</source>
        <translation>Seite davor</translation>
    </message>
    <message>
        <source>Next page</source>
        <translation>Nächste Seite</translation>
    </message>
    <message>
        <source>Close (Esc)</source>
        <translation>Schließen (Esc)</translation>
    </message>
    <message>
        <source>Page {page}</source>
        <translation>Seite {page}</translation>
    </message>
</context>
<context>
    <name>OutboxWords</name>
    <message>
        <source>held for undo</source>
        <translation>zurückgehalten</translation>
    </message>
    <message>
        <source>to be posted</source>
        <translation>zu senden</translation>
    </message>
    <message>
        <source>being posted</source>
        <translation>wird gesendet</translation>
    </message>
    <message>
        <source>stuck</source>
        <translation>steckt fest</translation>
    </message>
    <message>
        <source>conflict</source>
        <translation>Konflikt</translation>
    </message>
    <message>
        <source>decided {when} by {actor}</source>
        <translation>entschieden {when} von {actor}</translation>
    </message>
    <message>
        <source>you</source>
        <translation>dir</translation>
    </message>
    <message>
        <source>tried once|tried {n} times</source>
        <translation>einmal versucht|{n}-mal versucht</translation>
    </message>
    <message>
        <source>posted in {seconds}</source>
        <translation>wird in {seconds} gesendet</translation>
    </message>
    <message>
        <source>next try in {seconds}</source>
        <translation>nächster Versuch in {seconds}</translation>
    </message>
    <message>
        <source>{count} s</source>
        <translation>{count} s</translation>
    </message>
    <message>
        <source>{count} min</source>
        <translation>{count} min</translation>
    </message>
    <message>
        <source>Another picture was uploaded under this name meanwhile; look at it first.</source>
        <translation>Unter diesem Namen wurde inzwischen ein anderes Bild hochgeladen; erst ansehen.</translation>
    </message>
    <message>
        <source>Meanwhile the service says {theirs}.</source>
        <translation>Inzwischen sagt der Dienst: {theirs}.</translation>
    </message>
    <message>
        <source>Verdict</source>
        <translation>Urteil</translation>
    </message>
    <message>
        <source>When</source>
        <translation>Wann</translation>
    </message>
    <message>
        <source>Who</source>
        <translation>Wer</translation>
    </message>
    <message>
        <source>Why</source>
        <translation>Warum</translation>
    </message>
    <message>
        <source>no reason given</source>
        <translation>kein Grund genannt</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>Notiz</translation>
    </message>
    <message>
        <source>none</source>
        <translation>keine</translation>
    </message>
    <message>
        <source>the service does not say</source>
        <translation>sagt der Dienst nicht</translation>
    </message>
    <message>
        <source>another picture was uploaded</source>
        <translation>ein anderes Bild wurde hochgeladen</translation>
    </message>
    <message>
        <source>Everything is posted.</source>
        <translation>Alles ist gesendet.</translation>
    </message>
    <message>
        <source>{n} decision waits; nothing is posted while you are offline.|{n} decisions wait; nothing is posted while you are offline.</source>
        <translation>{n} Entscheidung wartet; offline wird nichts gesendet.|{n} Entscheidungen warten; offline wird nichts gesendet.</translation>
    </message>
    <message>
        <source>Tried again at {when}.</source>
        <translation>Neuer Versuch um {when}.</translation>
    </message>
    <message>
        <source>{key} tries again now.</source>
        <translation>{key} versucht es jetzt noch einmal.</translation>
    </message>
    <message>
        <source>{n} decision cannot go on without you.|{n} decisions cannot go on without you.</source>
        <translation>{n} Entscheidung kommt ohne dich nicht weiter.|{n} Entscheidungen kommen ohne dich nicht weiter.</translation>
    </message>
    <message>
        <source>The others are posted by themselves.</source>
        <translation>Die anderen werden von selbst gesendet.</translation>
    </message>
    <message>
        <source>These are posted by themselves; nothing is to be done.</source>
        <translation>Diese werden von selbst gesendet; nichts ist zu tun.</translation>
    </message>
</context>
<context>
    <name>Overlay</name>
    <message>
        <source>Close (Esc)</source>
        <translation>Schließen (Esc)</translation>
    </message>
</context>
<context>
    <name>Overriding</name>
    <message>
        <source>What is {status} is overridden one image at a time.</source>
        <translation>Was {status} ist, wird Bild für Bild übersteuert.</translation>
    </message>
    <message>
        <source>This image is {status} already; nothing is to be posted.</source>
        <translation>Dieses Bild ist schon {status}; nichts ist zu senden.</translation>
    </message>
</context>
<context>
    <name>Palette</name>
    <message>
        <source>none</source>
        <translation>keine</translation>
    </message>
    <message>
        <source>{title}. {help} Key: {keys}.</source>
        <translation>{title}. {help} Taste: {keys}.</translation>
    </message>
    <message>
        <source>Reject: {reason}</source>
        <translation>Ablehnen: {reason}</translation>
    </message>
    <message>
        <source>“{title}” decides, and Enter never decides: close this, use its button.</source>
        <translation>„{title}“ entscheidet, und die Eingabetaste entscheidet nie: dies schließen, den Knopf benutzen.</translation>
    </message>
    <message>
        <source>“{title}” decides, and Enter never decides: close this and press {key}.</source>
        <translation>„{title}“ entscheidet, und die Eingabetaste entscheidet nie: dies schließen und {key} drücken.</translation>
    </message>
</context>
<context>
    <name>Parsing</name>
    <message>
        <source>The answer is nested too deeply.</source>
        <translation>Die Antwort ist zu tief verschachtelt.</translation>
    </message>
    <message>
        <source>The answer is not JSON.</source>
        <translation>Die Antwort ist kein JSON.</translation>
    </message>
    <message>
        <source>The answer is not a JSON object.</source>
        <translation>Die Antwort ist kein JSON-Objekt.</translation>
    </message>
    <message>
        <source>The answer is not a list of images.</source>
        <translation>Die Antwort ist keine Liste von Bildern.</translation>
    </message>
</context>
<context>
    <name>Past</name>
    <message>
        <source>The answer holds no decisions.</source>
        <translation>Die Antwort enthält keine Entscheidungen.</translation>
    </message>
</context>
<context>
    <name>Paths</name>
    <message>
        <source>The folder {folder} cannot be made: {why}.</source>
        <translation>Der Ordner {folder} kann nicht angelegt werden: {why}.</translation>
    </message>
    <message>
        <source>{path} cannot be written: {why}.</source>
        <translation>{path} kann nicht geschrieben werden: {why}.</translation>
    </message>
</context>
<context>
    <name>Policies</name>
    <message>
        <source>the last good one</source>
        <translation>die letzte gute</translation>
    </message>
    <message>
        <source>the shipped one</source>
        <translation>die mitgelieferte</translation>
    </message>
    <message>
        <source>{error} {title} ({version}), {name}, is in use instead, and every image starts covered.</source>
        <translation>{error} {title} ({version}), {name}, gilt stattdessen, und jedes Bild beginnt verdeckt.</translation>
    </message>
    <message>
        <source>The policy cannot be kept for the day its file is wrong. {error}</source>
        <translation>Die Richtlinie lässt sich nicht für den Tag aufheben, an dem ihre Datei falsch ist. {error}</translation>
    </message>
</context>
<context>
    <name>Policy</name>
    <message>
        <source>Default policy</source>
        <translation>Standardrichtlinie</translation>
    </message>
    <message>
        <source>Nudity</source>
        <translation>Nacktheit</translation>
    </message>
    <message>
        <source>Bare genitals, buttocks or female nipples outside medicine, breast-feeding and art.</source>
        <translation>Nackte Genitalien, Gesäße oder weibliche Brustwarzen außerhalb von Medizin, Stillen und Kunst.</translation>
    </message>
    <message>
        <source>A mother who nurses her child</source>
        <translation>Eine Mutter, die ihr Kind stillt</translation>
    </message>
    <message>
        <source>A marble statue</source>
        <translation>Eine Marmorstatue</translation>
    </message>
    <message>
        <source>A scar after surgery</source>
        <translation>Eine Narbe nach einer Operation</translation>
    </message>
    <message>
        <source>A nude selfie</source>
        <translation>Ein Nacktselfie</translation>
    </message>
    <message>
        <source>A see-through dress that hides nothing</source>
        <translation>Ein durchsichtiges Kleid, das nichts verbirgt</translation>
    </message>
    <message>
        <source>Adult sexual content</source>
        <translation>Sexuelle Inhalte</translation>
    </message>
    <message>
        <source>Sexual acts, arousal or services, shown or offered, photographed or drawn.</source>
        <translation>Sexuelle Handlungen, Erregung oder Dienste, gezeigt oder angeboten, fotografiert oder gezeichnet.</translation>
    </message>
    <message>
        <source>A couple who kiss</source>
        <translation>Ein Paar, das sich küsst</translation>
    </message>
    <message>
        <source>Swimwear on a beach</source>
        <translation>Badekleidung am Strand</translation>
    </message>
    <message>
        <source>A sexual act, also drawn</source>
        <translation>Eine sexuelle Handlung, auch gezeichnet</translation>
    </message>
    <message>
        <source>An offer of sexual services</source>
        <translation>Ein Angebot sexueller Dienste</translation>
    </message>
    <message>
        <source>Graphic violence</source>
        <translation>Drastische Gewalt</translation>
    </message>
    <message>
        <source>Open wounds, corpses, torture or cruelty to animals, shown to shock or to praise.</source>
        <translation>Offene Wunden, Leichen, Folter oder Tierquälerei, um zu schockieren oder zu verherrlichen.</translation>
    </message>
    <message>
        <source>A news photo of smoke over a town</source>
        <translation>Ein Pressefoto von Rauch über einer Stadt</translation>
    </message>
    <message>
        <source>A bandaged hand</source>
        <translation>Eine verbundene Hand</translation>
    </message>
    <message>
        <source>An open wound in close-up</source>
        <translation>Eine offene Wunde in Nahaufnahme</translation>
    </message>
    <message>
        <source>An animal that is being beaten</source>
        <translation>Ein Tier, das geschlagen wird</translation>
    </message>
    <message>
        <source>Hate</source>
        <translation>Hass</translation>
    </message>
    <message>
        <source>Attacks on people for what they are; symbols of hate groups without news or teaching.</source>
        <translation>Angriffe auf Menschen für das, was sie sind; Symbole von Hassgruppen ohne Nachricht oder Lehre.</translation>
    </message>
    <message>
        <source>A museum display of a banned flag</source>
        <translation>Eine verbotene Fahne im Museum</translation>
    </message>
    <message>
        <source>A photo from a history lesson</source>
        <translation>Ein Foto aus dem Geschichtsunterricht</translation>
    </message>
    <message>
        <source>A slur over somebody’s portrait</source>
        <translation>Eine Beschimpfung über einem Porträt</translation>
    </message>
    <message>
        <source>A salute in front of a banned symbol</source>
        <translation>Ein Gruß vor einem verbotenen Symbol</translation>
    </message>
    <message>
        <source>Self-harm</source>
        <translation>Selbstverletzung</translation>
    </message>
    <message>
        <source>Self-injury, suicide or eating disorders, shown, praised or taught.</source>
        <translation>Selbstverletzung, Suizid oder Essstörungen, gezeigt, gelobt oder gelehrt.</translation>
    </message>
    <message>
        <source>The number of a helpline</source>
        <translation>Die Nummer eines Hilfetelefons</translation>
    </message>
    <message>
        <source>Old scars in a story of recovery</source>
        <translation>Alte Narben in einer Geschichte der Genesung</translation>
    </message>
    <message>
        <source>Fresh cuts</source>
        <translation>Frische Schnitte</translation>
    </message>
    <message>
        <source>Praise of starving</source>
        <translation>Lob des Hungerns</translation>
    </message>
    <message>
        <source>Drugs, weapons, banned goods</source>
        <translation>Drogen, Waffen, Verbotenes</translation>
    </message>
    <message>
        <source>Offers or praise of drugs, weapons, wildlife or anything else that may not be sold.</source>
        <translation>Angebot oder Lob von Drogen, Waffen, Wildtieren oder anderem, das nicht verkauft werden darf.</translation>
    </message>
    <message>
        <source>A kitchen knife in a cookery class</source>
        <translation>Ein Küchenmesser im Kochkurs</translation>
    </message>
    <message>
        <source>A glass of wine</source>
        <translation>Ein Glas Wein</translation>
    </message>
    <message>
        <source>Pills with a price</source>
        <translation>Pillen mit Preis</translation>
    </message>
    <message>
        <source>A pistol for sale</source>
        <translation>Eine Pistole zum Verkauf</translation>
    </message>
    <message>
        <source>Scam, phishing, impersonation</source>
        <translation>Betrug, Phishing, Identitätsraub</translation>
    </message>
    <message>
        <source>Fake profiles, offers or sign-in pages; codes and links made to deceive.</source>
        <translation>Falsche Profile, Angebote oder Anmeldeseiten; Codes und Links, die täuschen sollen.</translation>
    </message>
    <message>
        <source>A shop’s own advertisement</source>
        <translation>Die eigene Werbung eines Ladens</translation>
    </message>
    <message>
        <source>A code on a poster of a known event</source>
        <translation>Ein Code auf dem Plakat eines bekannten Ereignisses</translation>
    </message>
    <message>
        <source>A copied sign-in page</source>
        <translation>Eine nachgemachte Anmeldeseite</translation>
    </message>
    <message>
        <source>A giveaway in a celebrity’s name</source>
        <translation>Ein Gewinnspiel unter dem Namen eines Prominenten</translation>
    </message>
    <message>
        <source>Copyright or trademark</source>
        <translation>Urheber- oder Markenrecht</translation>
    </message>
    <message>
        <source>Someone else&apos;s work or mark: visible watermark, screenshot of a shop, counterfeit goods.</source>
        <translation>Werk oder Marke anderer: sichtbares Wasserzeichen, Bildschirmfoto eines Ladens, Fälschungen.</translation>
    </message>
    <message>
        <source>A photo of the goods by their seller</source>
        <translation>Ein Foto der Ware von ihrem Verkäufer</translation>
    </message>
    <message>
        <source>A parody that is plainly one</source>
        <translation>Eine klar erkennbare Parodie</translation>
    </message>
    <message>
        <source>A stock photo with its watermark</source>
        <translation>Ein Agenturfoto mit Wasserzeichen</translation>
    </message>
    <message>
        <source>A handbag with a false label</source>
        <translation>Eine Handtasche mit falschem Etikett</translation>
    </message>
    <message>
        <source>Personal data exposed</source>
        <translation>Persönliche Daten offen</translation>
    </message>
    <message>
        <source>Readable papers, cards, number plates, addresses or medical records of a person.</source>
        <translation>Lesbare Papiere, Karten, Kennzeichen, Adressen oder Krankenakten einer Person.</translation>
    </message>
    <message>
        <source>A face in a crowd</source>
        <translation>Ein Gesicht in der Menge</translation>
    </message>
    <message>
        <source>A number plate that cannot be read</source>
        <translation>Ein unlesbares Kennzeichen</translation>
    </message>
    <message>
        <source>A passport</source>
        <translation>Ein Reisepass</translation>
    </message>
    <message>
        <source>A letter with name and address</source>
        <translation>Ein Brief mit Name und Adresse</translation>
    </message>
    <message>
        <source>Quality, off-topic, other</source>
        <translation>Qualität, am Thema vorbei, anderes</translation>
    </message>
    <message>
        <source>Unusable, a duplicate, out of place, or against a rule that has no key of its own.</source>
        <translation>Unbrauchbar, doppelt, fehl am Platz oder gegen eine Regel ohne eigene Taste.</translation>
    </message>
    <message>
        <source>A dark photo that can still be made out</source>
        <translation>Ein dunkles Foto, das noch zu erkennen ist</translation>
    </message>
    <message>
        <source>Nothing but blur</source>
        <translation>Nur Unschärfe</translation>
    </message>
    <message>
        <source>The same photo for the third time</source>
        <translation>Dasselbe Foto zum dritten Mal</translation>
    </message>
    <message>
        <source>A screenshot of a menu</source>
        <translation>Ein Bildschirmfoto eines Menüs</translation>
    </message>
    <message>
        <source>Intimate image without consent</source>
        <translation>Intimes Bild ohne Einwilligung</translation>
    </message>
    <message>
        <source>A real or faked intimate image of someone who, as far as can be seen, did not agree.</source>
        <translation>Ein echtes oder gefälschtes intimes Bild von jemandem, der erkennbar nicht eingewilligt hat.</translation>
    </message>
    <message>
        <source>A hidden camera</source>
        <translation>Eine versteckte Kamera</translation>
    </message>
    <message>
        <source>A face put on somebody else’s body</source>
        <translation>Ein Gesicht auf einem fremden Körper</translation>
    </message>
    <message>
        <source>Suspected child abuse</source>
        <translation>Verdacht auf Kindesmissbrauch</translation>
    </message>
    <message>
        <source>Anything that may sexualise or abuse a child. Do not copy, share or describe it; escalate.</source>
        <translation>Alles, was ein Kind sexualisieren oder missbrauchen könnte. Nicht kopieren, teilen oder beschreiben; eskalieren.</translation>
    </message>
    <message>
        <source>Terrorist content</source>
        <translation>Terroristische Inhalte</translation>
    </message>
    <message>
        <source>Propaganda, recruitment, instructions or praise of attacks by a terrorist group.</source>
        <translation>Propaganda, Anwerbung, Anleitungen oder Lob von Anschlägen einer Terrorgruppe.</translation>
    </message>
    <message>
        <source>A news photo of an attack</source>
        <translation>Ein Pressefoto eines Anschlags</translation>
    </message>
    <message>
        <source>A recruiting poster</source>
        <translation>Ein Werbeplakat zum Beitritt</translation>
    </message>
    <message>
        <source>Instructions for a weapon</source>
        <translation>Eine Anleitung für eine Waffe</translation>
    </message>
    <message>
        <source>Tell the person whom your site has named for such cases now, and give them the public ID only. Do not open the image again, and do not copy, forward or describe it. If you need a break, take it.</source>
        <translation>Sag jetzt der Person Bescheid, die eure Seite für solche Fälle benannt hat, und gib ihr nur die Public ID. Öffne das Bild nicht wieder, und kopiere, sende oder beschreibe es nicht. Wenn du eine Pause brauchst, nimm sie dir.</translation>
    </message>
</context>
<context>
    <name>PolicyFile</name>
    <message>
        <source>The policy file is not valid TOML: {error}</source>
        <translation>Die Richtliniendatei ist kein gültiges TOML: {error}</translation>
    </message>
    <message>
        <source>The policy file has no [policy] table.</source>
        <translation>Die Richtliniendatei hat keine Tabelle [policy].</translation>
    </message>
    <message>
        <source>“reason” in the policy file must be a list of [[reason]] tables.</source>
        <translation>„reason“ in der Richtliniendatei muss eine Liste von Tabellen [[reason]] sein.</translation>
    </message>
    <message>
        <source>The policy file has no version in its [policy] table.</source>
        <translation>Die Richtliniendatei hat keine version in ihrer Tabelle [policy].</translation>
    </message>
    <message>
        <source>The policy file</source>
        <translation>Die Richtliniendatei</translation>
    </message>
    <message>
        <source>[policy]: require_reason = true, but there is no [[reason]].</source>
        <translation>[policy]: require_reason = true, aber es gibt kein [[reason]].</translation>
    </message>
    <message>
        <source>{where} of the policy file must be a table.</source>
        <translation>{where} der Richtliniendatei muss eine Tabelle sein.</translation>
    </message>
    <message>
        <source>{where}: protection must be one of {modes}.</source>
        <translation>{where}: protection muss eines von diesen sein: {modes}.</translation>
    </message>
    <message>
        <source>reason {number} of the policy file</source>
        <translation>Grund {number} der Richtliniendatei</translation>
    </message>
    <message>
        <source>{where} is not a table.</source>
        <translation>{where} ist keine Tabelle.</translation>
    </message>
    <message>
        <source>{where} has no code.</source>
        <translation>{where} hat keinen code.</translation>
    </message>
    <message>
        <source>{where} has no title.</source>
        <translation>{where} hat keinen Titel (title).</translation>
    </message>
    <message>
        <source>{where}: the key must be one digit or empty, not “{key}”.</source>
        <translation>{where}: key muss eine Ziffer oder leer sein, nicht „{key}“.</translation>
    </message>
    <message>
        <source>{where}: sor = true needs a category of the transparency database.</source>
        <translation>{where}: sor = true braucht eine Kategorie (category) der Transparenzdatenbank.</translation>
    </message>
    <message>
        <source>{where}: a reason with escalate = true or bulk = false must not have a digit; write key = “” instead of “{key}”.</source>
        <translation>{where}: Ein Grund mit escalate = true oder bulk = false darf keine Ziffer haben; key = “” schreiben statt „{key}“.</translation>
    </message>
    <message>
        <source>{where}: {name} must be true or false.</source>
        <translation>{where}: {name} muss true oder false sein.</translation>
    </message>
    <message>
        <source>{where}: {name} must be a whole number from {least} to {most}.</source>
        <translation>{where}: {name} muss eine ganze Zahl von {least} bis {most} sein.</translation>
    </message>
    <message>
        <source>{where}: {name} must be text in quotes.</source>
        <translation>{where}: {name} muss Text in Anführungszeichen sein.</translation>
    </message>
    <message>
        <source>{where}: {name} must be a list of texts in quotes.</source>
        <translation>{where}: {name} muss eine Liste von Texten in Anführungszeichen sein.</translation>
    </message>
    <message>
        <source>{where}: {what} must be a name in capitals, not “{value}”.</source>
        <translation>{where}: {what} muss ein Name in Großbuchstaben sein, nicht „{value}“.</translation>
    </message>
    <message>
        <source>{where}: write {what} “{value}” without its prefix.</source>
        <translation>{where}: {what} „{value}“ ohne Präfix schreiben.</translation>
    </message>
    <message>
        <source>{where} has no “{name}”.</source>
        <translation>{where} kennt kein „{name}“.</translation>
    </message>
    <message>
        <source>The policy file uses the {what} “{value}” twice.</source>
        <translation>Die Richtliniendatei verwendet {what} „{value}“ zweimal.</translation>
    </message>
</context>
<context>
    <name>PolicySheet</name>
    <message>
        <source>This policy names no reasons.</source>
        <translation>Diese Richtlinie nennt keine Gründe.</translation>
    </message>
    <message>
        <source>{title} · version {version}</source>
        <translation>{title} · Version {version}</translation>
    </message>
    <message>
        <source>Policy</source>
        <translation>Richtlinie</translation>
    </message>
    <message>
        <source>Rejected</source>
        <translation>Abgelehnt</translation>
    </message>
    <message>
        <source>Allowed</source>
        <translation>Erlaubt</translation>
    </message>
</context>
<context>
    <name>PolicyWords</name>
    <message>
        <source>Form</source>
        <translation>Form</translation>
    </message>
    <message>
        <source>Minor</source>
        <translation>Gering</translation>
    </message>
    <message>
        <source>Serious</source>
        <translation>Ernst</translation>
    </message>
    <message>
        <source>Severe</source>
        <translation>Schwer</translation>
    </message>
    <message>
        <source>Every rejection needs a reason.</source>
        <translation>Jede Ablehnung braucht einen Grund.</translation>
    </message>
    <message>
        <source>A covered image may be approved without a look.</source>
        <translation>Ein verdecktes Bild darf ohne Hinsehen freigegeben werden.</translation>
    </message>
    <message>
        <source>Every image starts covered.</source>
        <translation>Jedes Bild beginnt verdeckt.</translation>
    </message>
    <message>
        <source>Every image starts covered, unless you chose never to cover.</source>
        <translation>Jedes Bild beginnt verdeckt, es sei denn, du hast „nie“ gewählt.</translation>
    </message>
    <message>
        <source>What a machine or this policy warns of starts covered.</source>
        <translation>Wovor eine Maschine oder diese Richtlinie warnt, beginnt verdeckt.</translation>
    </message>
    <message>
        <source>Covers have a strength of at least {blur} of 10.</source>
        <translation>Abdeckungen haben mindestens die Stärke {blur} von 10.</translation>
    </message>
    <message>
        <source>Images are shown without colour.</source>
        <translation>Bilder werden ohne Farbe gezeigt.</translation>
    </message>
    <message>
        <source>the form is refused, not what is shown</source>
        <translation>die Form wird abgelehnt, nicht der Inhalt</translation>
    </message>
    <message>
        <source>the image is covered from then on</source>
        <translation>das Bild ist von da an verdeckt</translation>
    </message>
    <message>
        <source>every copy on this machine is destroyed</source>
        <translation>jede Kopie auf diesem Rechner wird vernichtet</translation>
    </message>
    <message>
        <source>it is asked for twice and ends in what to do next</source>
        <translation>es wird zweimal gefragt und endet damit, was als Nächstes zu tun ist</translation>
    </message>
    <message>
        <source>never given to many images at once</source>
        <translation>nie vielen Bildern auf einmal gegeben</translation>
    </message>
    <message>
        <source>No statement of reasons.</source>
        <translation>Keine Begründung.</translation>
    </message>
    <message>
        <source>Statement of reasons: {category}.</source>
        <translation>Begründung: {category}.</translation>
    </message>
    <message>
        <source>other violation of the terms</source>
        <translation>anderer Verstoß gegen die Bedingungen</translation>
    </message>
</context>
<context>
    <name>Pull</name>
    <message>
        <source>The listing does not get any further.</source>
        <translation>Die Auflistung kommt nicht weiter.</translation>
    </message>
    <message>
        <source>{kind} cannot be listed: {error}</source>
        <translation>{kind} lässt sich nicht auflisten: {error}</translation>
    </message>
</context>
<context>
    <name>Push</name>
    <message>
        <source>The service lets this key read, but takes no decision from it. Posting is paused and nothing is lost; it goes on once the key may update images.</source>
        <translation>Der Dienst lässt diesen Schlüssel lesen, nimmt aber keine Entscheidung von ihm an. Das Senden ruht, und nichts geht verloren; es geht weiter, sobald der Schlüssel Bilder ändern darf.</translation>
    </message>
</context>
<context>
    <name>QueueActions</name>
    <message>
        <source>There is no image to escalate.</source>
        <translation>Es gibt kein Bild zu eskalieren.</translation>
    </message>
    <message>
        <source>There is no filter.</source>
        <translation>Es gibt keinen Filter.</translation>
    </message>
    <message>
        <source>Only what was rejected for its form is shown; the same key goes back.</source>
        <translation>Nur was der Form wegen abgelehnt wurde, ist zu sehen; dieselbe Taste geht zurück.</translation>
    </message>
    <message>
        <source>Back to what you looked at before.</source>
        <translation>Zurück zu dem, was vorher gezeigt wurde.</translation>
    </message>
    <message>
        <source>Only what waits has another order.</source>
        <translation>Nur was wartet, hat eine andere Reihenfolge.</translation>
    </message>
    <message>
        <source>Order: {order}.</source>
        <translation>Reihenfolge: {order}.</translation>
    </message>
</context>
<context>
    <name>QueueVerbs</name>
    <message>
        <source>There is no image to skip.</source>
        <translation>Es gibt kein Bild auszulassen.</translation>
    </message>
    <message>
        <source>Taken back: skip of {name}.</source>
        <translation>Zurückgenommen: Auslassen von {name}.</translation>
    </message>
    <message>
        <source>There is no image to escalate.</source>
        <translation>Es gibt kein Bild zu eskalieren.</translation>
    </message>
    <message>
        <source>Escalated: {name} waits for a second opinion.</source>
        <translation>Eskaliert: {name} wartet auf eine zweite Meinung.</translation>
    </message>
    <message>
        <source>Taken back: escalation of {name}.</source>
        <translation>Zurückgenommen: Eskalation von {name}.</translation>
    </message>
    <message>
        <source>There is no image to flag.</source>
        <translation>Es gibt kein Bild zu markieren.</translation>
    </message>
    <message>
        <source>Flagged: {name}.</source>
        <translation>Markiert: {name}.</translation>
    </message>
    <message>
        <source>Flag removed: {name}.</source>
        <translation>Markierung entfernt: {name}.</translation>
    </message>
    <message>
        <source>On the stage: {name}.</source>
        <translation>Auf der Bühne: {name}.</translation>
    </message>
    <message>
        <source>Brought back: {name}.</source>
        <translation>Zurückgeholt: {name}.</translation>
    </message>
    <message>
        <source>Not saved, the image is back. {title}: {message}</source>
        <translation>Nicht gespeichert, das Bild ist zurück. {title}: {message}</translation>
    </message>
    <message>
        <source>{name} waits no more: it was decided meanwhile.</source>
        <translation>{name} wartet nicht mehr: es wurde inzwischen entschieden.</translation>
    </message>
    <message>
        <source>Not done. {title}: {message}</source>
        <translation>Nicht getan. {title}: {message}</translation>
    </message>
    <message>
        <source>Only what still waits can be escalated.</source>
        <translation>Nur was noch wartet, kann eskaliert werden.</translation>
    </message>
</context>
<context>
    <name>QueueWindow</name>
    <message>
        <source>waiting</source>
        <translation>wartet</translation>
    </message>
    <message>
        <source>current</source>
        <translation>aktuell</translation>
    </message>
    <message>
        <source>approved</source>
        <translation>freigegeben</translation>
    </message>
    <message>
        <source>rejected</source>
        <translation>abgelehnt</translation>
    </message>
    <message>
        <source>skipped</source>
        <translation>ausgelassen</translation>
    </message>
    <message>
        <source>escalated</source>
        <translation>eskaliert</translation>
    </message>
</context>
<context>
    <name>QueuesSheet</name>
    <message>
        <source>Queues</source>
        <translation>Warteschlangen</translation>
    </message>
    <message>
        <source>Review (Enter)</source>
        <translation>Prüfen (Eingabe)</translation>
    </message>
    <message>
        <source>Tick ({key})</source>
        <translation>Ankreuzen ({key})</translation>
    </message>
    <message>
        <source>What to review</source>
        <translation>Was zu prüfen ist</translation>
    </message>
    <message>
        <source>Reading what is here…</source>
        <translation>Was hier ist, wird gelesen…</translation>
    </message>
    <message>
        <source>Ticked queues of one state are reviewed as one. Approved and rejected images can be overridden: the key says first what that does.</source>
        <translation>Angekreuzte Schlangen eines Standes werden zusammen geprüft. Freigegebene und abgelehnte Bilder lassen sich übersteuern: die Taste sagt zuerst, was das bewirkt.</translation>
    </message>
    <message>
        <source>{count} here</source>
        <translation>{count} hier</translation>
    </message>
    <message>
        <source>under review</source>
        <translation>wird geprüft</translation>
    </message>
</context>
<context>
    <name>ReasonStrip</name>
    <message>
        <source>Reasons for the rejection</source>
        <translation>Gründe für die Ablehnung</translation>
    </message>
    <message>
        <source>Reject – for which reason?</source>
        <translation>Ablehnen – aus welchem Grund?</translation>
    </message>
</context>
<context>
    <name>ReasonsDialog</name>
    <message>
        <source>More reasons</source>
        <translation>Weitere Gründe</translation>
    </message>
    <message>
        <source>Reject with a reason that has no key</source>
        <translation>Mit einem Grund ohne Taste ablehnen</translation>
    </message>
    <message>
        <source>Reasons</source>
        <translation>Gründe</translation>
    </message>
    <message>
        <source>&amp;Reject</source>
        <translation>&amp;Ablehnen</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Choose the reason that fits best.</source>
        <translation>Den Grund wählen, der am besten passt.</translation>
    </message>
    <message>
        <source>Every copy on this machine is destroyed at once.</source>
        <translation>Jede Kopie auf diesem Rechner wird sofort vernichtet.</translation>
    </message>
    <message>
        <source>“{title}”: the image is rejected and escalated.{gone}</source>
        <translation>„{title}“: das Bild wird abgelehnt und eskaliert.{gone}</translation>
    </message>
    <message>
        <source>Yes, &amp;reject and escalate</source>
        <translation>Ja, &amp;ablehnen und eskalieren</translation>
    </message>
    <message>
        <source>Another image is on the stage now.</source>
        <translation>Jetzt ist ein anderes Bild auf der Bühne.</translation>
    </message>
    <message>
        <source>Rejected. Now escalate it</source>
        <translation>Abgelehnt. Jetzt eskalieren</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>There is no image to decide.</source>
        <translation>Es gibt kein Bild zu entscheiden.</translation>
    </message>
</context>
<context>
    <name>ReviewSession</name>
    <message>
        <source>There is no picture to uncover yet.</source>
        <translation>Noch gibt es kein Bild aufzudecken.</translation>
    </message>
    <message>
        <source>This is the first image of the queue.</source>
        <translation>Das ist das erste Bild der Warteschlange.</translation>
    </message>
    <message>
        <source>This is the last image of the queue.</source>
        <translation>Das ist das letzte Bild der Warteschlange.</translation>
    </message>
    <message>
        <source>What comes next is still being read.</source>
        <translation>Was als Nächstes kommt, wird noch gelesen.</translation>
    </message>
    <message>
        <source>Somebody else settled {name} as {theirs}: see Outbox.</source>
        <translation>Jemand anderes hat {name} als {theirs} erledigt: siehe Postausgang.</translation>
    </message>
</context>
<context>
    <name>Scene</name>
    <message>
        <source>Everything is covered</source>
        <translation>Alles ist verdeckt</translation>
    </message>
    <message>
        <source>Nothing can be decided until you go on.</source>
        <translation>Nichts kann entschieden werden, bis es weitergeht.</translation>
    </message>
    <message>
        <source>go on</source>
        <translation>weitermachen</translation>
    </message>
    <message>
        <source>The image could not be fetched</source>
        <translation>Das Bild konnte nicht geholt werden</translation>
    </message>
    <message>
        <source>It is not on this machine yet and comes as soon as the service can be reached.</source>
        <translation>Es ist noch nicht auf diesem Rechner und kommt, sobald der Dienst erreichbar ist.</translation>
    </message>
    <message>
        <source>It can be decided once it is on the screen.</source>
        <translation>Es kann entschieden werden, sobald es zu sehen ist.</translation>
    </message>
    <message>
        <source>Loading the image</source>
        <translation>Das Bild wird geladen</translation>
    </message>
    <message>
        <source>skip</source>
        <translation>auslassen</translation>
    </message>
    <message>
        <source>next</source>
        <translation>weiter</translation>
    </message>
    <message>
        <source>{text} It can be rejected or skipped, but not approved unseen.</source>
        <translation>{text} Es kann abgelehnt oder ausgelassen, aber nicht ungesehen freigegeben werden.</translation>
    </message>
    <message>
        <source>reject</source>
        <translation>ablehnen</translation>
    </message>
    <message>
        <source>reject with a reason</source>
        <translation>mit Grund ablehnen</translation>
    </message>
    <message>
        <source>look again</source>
        <translation>noch einmal nachsehen</translation>
    </message>
    <message>
        <source>undo</source>
        <translation>rückgängig</translation>
    </message>
    <message>
        <source>Opening the queue</source>
        <translation>Die Warteschlange wird geöffnet</translation>
    </message>
    <message>
        <source>Reading what waits on this machine.</source>
        <translation>Was auf diesem Rechner wartet, wird gelesen.</translation>
    </message>
    <message>
        <source>Asking the service</source>
        <translation>Der Dienst wird gefragt</translation>
    </message>
    <message>
        <source>Nothing waits on this machine yet.</source>
        <translation>Auf diesem Rechner wartet noch nichts.</translation>
    </message>
    <message>
        <source>The service does not accept the key or the secret of this account.</source>
        <translation>Der Dienst nimmt Schlüssel oder Geheimnis dieses Kontos nicht an.</translation>
    </message>
    <message>
        <source>Not signed in</source>
        <translation>Nicht angemeldet</translation>
    </message>
    <message>
        <source>Account…</source>
        <translation>Konto…</translation>
    </message>
    <message>
        <source>choose an account</source>
        <translation>ein Konto wählen</translation>
    </message>
    <message>
        <source>Every image on this machine is decided. More come when the service answers.</source>
        <translation>Jedes Bild auf diesem Rechner ist entschieden. Weitere kommen, wenn der Dienst antwortet.</translation>
    </message>
    <message>
        <source>Nothing left offline</source>
        <translation>Offline ist nichts mehr da</translation>
    </message>
    <message>
        <source>Nothing fits the filter</source>
        <translation>Nichts passt zum Filter</translation>
    </message>
    <message>
        <source>No image of this queue is like that.</source>
        <translation>Kein Bild dieser Warteschlange ist so.</translation>
    </message>
    <message>
        <source>show all</source>
        <translation>alle zeigen</translation>
    </message>
    <message>
        <source>No image is {status} here, as far as the service has told.</source>
        <translation>Hier ist kein Bild {status}, soweit der Dienst es mitgeteilt hat.</translation>
    </message>
    <message>
        <source>Every image is decided. New ones appear here by themselves.</source>
        <translation>Jedes Bild ist entschieden. Neue erscheinen hier von selbst.</translation>
    </message>
    <message>
        <source>The queue is empty</source>
        <translation>Die Warteschlange ist leer</translation>
    </message>
</context>
<context>
    <name>SessionActions</name>
    <message>
        <source>{key} shows what is left to settle.</source>
        <translation>{key} zeigt, was noch zu klären ist.</translation>
    </message>
</context>
<context>
    <name>SessionCharts</name>
    <message>
        <source>Decided by ten minutes</source>
        <translation>Entschieden je zehn Minuten</translation>
    </message>
    <message>
        <source>Rejected by reason</source>
        <translation>Abgelehnt nach Grund</translation>
    </message>
    <message>
        <source>Decided by ten minutes: {slots}. Rejected by reason: {reasons}.</source>
        <translation>Entschieden je zehn Minuten: {slots}. Abgelehnt nach Grund: {reasons}.</translation>
    </message>
</context>
<context>
    <name>SessionDialog</name>
    <message>
        <source>Counted from the decisions on this machine and kept here; nobody else is told.</source>
        <translation>Gezählt aus den Entscheidungen auf diesem Rechner und nur hier; niemand sonst erfährt es.</translation>
    </message>
    <message>
        <source>The charts need pyqtgraph, which is not installed: pip install modstation[charts]</source>
        <translation>Die Diagramme brauchen pyqtgraph, das nicht installiert ist: pip install modstation[charts]</translation>
    </message>
    <message>
        <source>Session</source>
        <translation>Sitzung</translation>
    </message>
    <message>
        <source>This session</source>
        <translation>Diese Sitzung</translation>
    </message>
    <message>
        <source>Charts</source>
        <translation>Diagramme</translation>
    </message>
    <message>
        <source>Draw the figures.</source>
        <translation>Die Zahlen zeichnen.</translation>
    </message>
    <message>
        <source>Save as CSV…</source>
        <translation>Als CSV speichern…</translation>
    </message>
    <message>
        <source>Write the figures to a file.</source>
        <translation>Die Zahlen in eine Datei schreiben.</translation>
    </message>
    <message>
        <source>Close the station</source>
        <translation>Station schließen</translation>
    </message>
    <message>
        <source>Stay (Esc)</source>
        <translation>Bleiben (Esc)</translation>
    </message>
    <message>
        <source>Back (Esc)</source>
        <translation>Zurück (Esc)</translation>
    </message>
    <message>
        <source>Save the figures</source>
        <translation>Die Zahlen speichern</translation>
    </message>
    <message>
        <source>Saved to {path}.</source>
        <translation>Gespeichert in {path}.</translation>
    </message>
    <message>
        <source>Decided</source>
        <translation>Entschieden</translation>
    </message>
    <message>
        <source>{decided}: {approved} approved, {rejected} rejected</source>
        <translation>{decided}: {approved} freigegeben, {rejected} abgelehnt</translation>
    </message>
    <message>
        <source>Time at work</source>
        <translation>Arbeitszeit</translation>
    </message>
    <message>
        <source>Pace</source>
        <translation>Tempo</translation>
    </message>
    <message>
        <source>{n} image an hour|{n} images an hour</source>
        <translation>{n} Bild je Stunde|{n} Bilder je Stunde</translation>
    </message>
    <message>
        <source>Median per image</source>
        <translation>Median je Bild</translation>
    </message>
    <message>
        <source>Taken back</source>
        <translation>Zurückgenommen</translation>
    </message>
    <message>
        <source>Reversed after posting</source>
        <translation>Nach dem Senden umgekehrt</translation>
    </message>
    <message>
        <source>Uncovered</source>
        <translation>Aufgedeckt</translation>
    </message>
    <message>
        <source>Severe images seen</source>
        <translation>Gesehene schwere Bilder</translation>
    </message>
    <message>
        <source>Reason: {title}</source>
        <translation>Grund: {title}</translation>
    </message>
    <message>
        <source>This session: {n} decision in {worked}.|This session: {n} decisions in {worked}.</source>
        <translation>Diese Sitzung: {n} Entscheidung in {worked}.|Diese Sitzung: {n} Entscheidungen in {worked}.</translation>
    </message>
    <message>
        <source>This session: {n} decision in {worked}, {pace} an hour.|This session: {n} decisions in {worked}, {pace} an hour.</source>
        <translation>Diese Sitzung: {n} Entscheidung in {worked}, {pace} je Stunde.|Diese Sitzung: {n} Entscheidungen in {worked}, {pace} je Stunde.</translation>
    </message>
    <message>
        <source>{count} s</source>
        <translation>{count} s</translation>
    </message>
</context>
<context>
    <name>SessionEvents</name>
    <message>
        <source>{count} images decided at one stroke are posted</source>
        <translation>{count} auf einmal entschiedene Bilder sind gesendet</translation>
    </message>
    <message>
        <source>{name} is posted as {status}</source>
        <translation>{name} ist als {status} gesendet</translation>
    </message>
    <message>
        <source>that cannot be undone, only reversed. Going on drops this.</source>
        <translation>das lässt sich nicht rückgängig machen, nur umkehren. Weitergehen lässt es.</translation>
    </message>
</context>
<context>
    <name>SessionFigures</name>
    <message>
        <source>{path} cannot be written: {why}.</source>
        <translation>{path} kann nicht geschrieben werden: {why}.</translation>
    </message>
</context>
<context>
    <name>SettingUp</name>
    <message>
        <source>{message} What you changed counts until you close the window.</source>
        <translation>{message} Die Änderung zählt, bis das Fenster geschlossen wird.</translation>
    </message>
</context>
<context>
    <name>Settings</name>
    <message>
        <source>More</source>
        <translation>Weitere</translation>
    </message>
    <message>
        <source>auto</source>
        <translation>automatisch</translation>
    </message>
    <message>
        <source>always</source>
        <translation>immer</translation>
    </message>
    <message>
        <source>never</source>
        <translation>nie</translation>
    </message>
    <message>
        <source>dark</source>
        <translation>dunkel</translation>
    </message>
    <message>
        <source>light</source>
        <translation>hell</translation>
    </message>
    <message>
        <source>dark, high contrast</source>
        <translation>dunkel, hoher Kontrast</translation>
    </message>
    <message>
        <source>light, high contrast</source>
        <translation>hell, hoher Kontrast</translation>
    </message>
    <message>
        <source>system</source>
        <translation>System</translation>
    </message>
    <message>
        <source>oldest</source>
        <translation>älteste</translation>
    </message>
    <message>
        <source>newest</source>
        <translation>neueste</translation>
    </message>
    <message>
        <source>public</source>
        <translation>öffentlich</translation>
    </message>
    <message>
        <source>unsure</source>
        <translation>unsicher</translation>
    </message>
    <message>
        <source>together</source>
        <translation>zusammen</translation>
    </message>
    <message>
        <source>first</source>
        <translation>anfangs</translation>
    </message>
    <message>
        <source>Who decides, as it is written into every decision; empty: your log-in.</source>
        <translation>Wer entscheidet, wie es in jede Entscheidung geschrieben wird; leer: dein Anmeldename.</translation>
    </message>
    <message>
        <source>Your name</source>
        <translation>Dein Name</translation>
    </message>
    <message>
        <source>Deciding</source>
        <translation>Entscheiden</translation>
    </message>
    <message>
        <source>Seconds a decision is held before it is posted, so that undo sends nothing.</source>
        <translation>Sekunden, die eine Entscheidung vor dem Senden zurückgehalten wird, damit Rückgängig nichts sendet.</translation>
    </message>
    <message>
        <source>Undo window, seconds</source>
        <translation>Frist für Rückgängig, Sekunden</translation>
    </message>
    <message>
        <source>Milliseconds an image must have been on screen before a key decides it.</source>
        <translation>Millisekunden, die ein Bild zu sehen gewesen sein muss, bevor eine Taste es entscheidet.</translation>
    </message>
    <message>
        <source>Shown before a key counts, ms</source>
        <translation>Gezeigt, bevor eine Taste zählt, ms</translation>
    </message>
    <message>
        <source>Cover images: auto (what a machine or the policy warns of), always, never.</source>
        <translation>Bilder verdecken: automatisch (wovor eine Maschine oder die Richtlinie warnt), immer, nie.</translation>
    </message>
    <message>
        <source>Cover images</source>
        <translation>Bilder verdecken</translation>
    </message>
    <message>
        <source>Looking</source>
        <translation>Ansehen</translation>
    </message>
    <message>
        <source>How strong the cover of a protected image is, from 1 to 10.</source>
        <translation>Wie stark ein geschütztes Bild verdeckt ist, von 1 bis 10.</translation>
    </message>
    <message>
        <source>Strength of the cover</source>
        <translation>Stärke der Abdeckung</translation>
    </message>
    <message>
        <source>Show images without colour.</source>
        <translation>Bilder ohne Farbe zeigen.</translation>
    </message>
    <message>
        <source>Without colour</source>
        <translation>Ohne Farbe</translation>
    </message>
    <message>
        <source>Colours of the window; system follows the desktop, also in its wish for contrast.</source>
        <translation>Farben des Fensters; System folgt dem Desktop, auch im Wunsch nach Kontrast.</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>Farbschema</translation>
    </message>
    <message>
        <source>Size of every text, in percent of the usual one.</source>
        <translation>Größe aller Texte, in Prozent der üblichen.</translation>
    </message>
    <message>
        <source>Text size, percent</source>
        <translation>Textgröße, Prozent</translation>
    </message>
    <message>
        <source>Nothing moves by itself: no playing pictures, no blinking cursor, messages stay; auto: as the desktop asks.</source>
        <translation>Nichts bewegt sich von selbst: keine laufenden Bilder, kein blinkender Cursor, Meldungen bleiben; automatisch: wie der Desktop es wünscht.</translation>
    </message>
    <message>
        <source>Reduce motion</source>
        <translation>Weniger Bewegung</translation>
    </message>
    <message>
        <source>Language of the window; auto: the desktop’s.</source>
        <translation>Sprache des Fensters; automatisch: die des Desktops.</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Sprache</translation>
    </message>
    <message>
        <source>Keep zoom and place when the next image comes.</source>
        <translation>Zoom und Ausschnitt beim nächsten Bild behalten.</translation>
    </message>
    <message>
        <source>Keep the zoom</source>
        <translation>Zoom behalten</translation>
    </message>
    <message>
        <source>Moderation kinds that are reviewed unless --kind names others, with commas between.</source>
        <translation>Moderationsarten, die geprüft werden, wenn --kind keine anderen nennt, durch Kommas getrennt.</translation>
    </message>
    <message>
        <source>Moderation kinds</source>
        <translation>Moderationsarten</translation>
    </message>
    <message>
        <source>Which waiting image comes first: oldest, newest, public (for longest), unsure, together (copies one after the other).</source>
        <translation>Welches wartende Bild zuerst kommt: älteste, neueste, (am längsten) öffentliche, unsichere, zusammen (Kopien nacheinander).</translation>
    </message>
    <message>
        <source>Order of the queue</source>
        <translation>Reihenfolge der Warteschlange</translation>
    </message>
    <message>
        <source>Show nothing of what machines found until the image is decided.</source>
        <translation>Nichts von dem zeigen, was Maschinen fanden, bis das Bild entschieden ist.</translation>
    </message>
    <message>
        <source>Hide machine verdicts</source>
        <translation>Maschinenurteile verbergen</translation>
    </message>
    <message>
        <source>Longest edge, in pixels, of what is fetched for review; 0: the screen&apos;s.</source>
        <translation>Längste Kante in Bildpunkten von dem, was zum Prüfen geholt wird; 0: die des Bildschirms.</translation>
    </message>
    <message>
        <source>Review size, pixels</source>
        <translation>Prüfgröße, Bildpunkte</translation>
    </message>
    <message>
        <source>Fetching</source>
        <translation>Holen</translation>
    </message>
    <message>
        <source>Megabytes the image cache may take on disk.</source>
        <translation>Megabytes, die der Bildspeicher auf der Platte belegen darf.</translation>
    </message>
    <message>
        <source>Image cache, MB</source>
        <translation>Bildspeicher, MB</translation>
    </message>
    <message>
        <source>Seconds between two looks for new images.</source>
        <translation>Sekunden zwischen zwei Blicken nach neuen Bildern.</translation>
    </message>
    <message>
        <source>Look for new images, seconds</source>
        <translation>Nach neuen Bildern sehen, Sekunden</translation>
    </message>
    <message>
        <source>Images waiting on this machine above which no more are pulled.</source>
        <translation>Auf diesem Rechner wartende Bilder, ab denen keine mehr geholt werden.</translation>
    </message>
    <message>
        <source>Images kept waiting here</source>
        <translation>Hier wartende Bilder</translation>
    </message>
    <message>
        <source>Minutes of work after which a line suggests a break; 0: never.</source>
        <translation>Minuten Arbeit, nach denen eine Zeile eine Pause vorschlägt; 0: nie.</translation>
    </message>
    <message>
        <source>Break minutes</source>
        <translation>Pause nach Minuten</translation>
    </message>
    <message>
        <source>Severe images seen after which a line suggests a break; 0: never.</source>
        <translation>Schwere Bilder, nach denen eine Zeile eine Pause vorschlägt; 0: nie.</translation>
    </message>
    <message>
        <source>Break severe</source>
        <translation>Pause nach schweren</translation>
    </message>
    <message>
        <source>Show the figures of the session before the window closes.</source>
        <translation>Die Zahlen der Sitzung zeigen, bevor das Fenster schließt.</translation>
    </message>
    <message>
        <source>Summary at end</source>
        <translation>Bilanz am Ende</translation>
    </message>
    <message>
        <source>Write the reason of a rejection into the image&apos;s context at Cloudinary, one Admin call each; whoever may list the image can read it.</source>
        <translation>Den Grund einer Ablehnung in den Kontext des Bildes bei Cloudinary schreiben, je ein Admin-Aufruf; wer das Bild auflisten darf, kann ihn lesen.</translation>
    </message>
    <message>
        <source>Write reasons to Cloudinary</source>
        <translation>Gründe zu Cloudinary schreiben</translation>
    </message>
    <message>
        <source>Path of the policy file; empty: policy.toml here, else the shipped one.</source>
        <translation>Pfad der Richtliniendatei; leer: policy.toml hier, sonst die mitgelieferte.</translation>
    </message>
    <message>
        <source>Policy file</source>
        <translation>Richtliniendatei</translation>
    </message>
    <message>
        <source>Files</source>
        <translation>Dateien</translation>
    </message>
    <message>
        <source>Name of a shipped keymap (default, prodigy, lightroom, coral, label-studio, left-hand, number-pad) or path of your own file; empty: keymap.toml here, else the default.</source>
        <translation>Name einer mitgelieferten Tastenbelegung (default, prodigy, lightroom, coral, label-studio, left-hand, number-pad) oder Pfad einer eigenen Datei; leer: keymap.toml hier, sonst die übliche.</translation>
    </message>
    <message>
        <source>Keymap</source>
        <translation>Tastenbelegung</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Tasten</translation>
    </message>
    <message>
        <source>Letters, digits and signs are keys by themselves; off: only with Alt.</source>
        <translation>Buchstaben, Ziffern und Zeichen sind für sich Tasten; aus: nur mit Alt.</translation>
    </message>
    <message>
        <source>Letters are keys</source>
        <translation>Buchstaben sind Tasten</translation>
    </message>
    <message>
        <source>Show the most needed keys under the image: for the first 50 decisions, always, never.</source>
        <translation>Die wichtigsten Tasten unter dem Bild zeigen: bei den ersten 50 Entscheidungen, immer, nie.</translation>
    </message>
    <message>
        <source>Key hints</source>
        <translation>Tastenhinweise</translation>
    </message>
    <message>
        <source>The first steps were shown; off: they are shown at the next start.</source>
        <translation>Die ersten Schritte wurden gezeigt; aus: sie werden beim nächsten Start gezeigt.</translation>
    </message>
    <message>
        <source>Tour was shown</source>
        <translation>Rundgang gezeigt</translation>
    </message>
    <message>
        <source>It takes {allowed}.</source>
        <translation>Möglich ist: {allowed}.</translation>
    </message>
    <message>
        <source>true or false</source>
        <translation>true oder false</translation>
    </message>
    <message>
        <source>a whole number from {least} to {most}</source>
        <translation>eine ganze Zahl von {least} bis {most}</translation>
    </message>
    <message>
        <source>a number from {least} to {most}</source>
        <translation>eine Zahl von {least} bis {most}</translation>
    </message>
    <message>
        <source>names in quotes, with commas between</source>
        <translation>Namen in Anführungszeichen, durch Kommas getrennt</translation>
    </message>
    <message>
        <source>text in quotes</source>
        <translation>Text in Anführungszeichen</translation>
    </message>
    <message>
        <source>There is no setting “{name}”. There are: {names}.</source>
        <translation>Es gibt keine Einstellung „{name}“. Es gibt: {names}.</translation>
    </message>
    <message>
        <source>“{name}” must be {allowed}, not {value!r}.</source>
        <translation>„{name}“ muss {allowed} sein, nicht {value!r}.</translation>
    </message>
</context>
<context>
    <name>SettingsDialog</name>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>{problem} So every image is covered. What you save here replaces the file.</source>
        <translation>{problem} Daher ist jedes Bild verdeckt. Was hier gespeichert wird, ersetzt die Datei.</translation>
    </message>
    <message>
        <source>&amp;Defaults</source>
        <translation>&amp;Vorgaben</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>&amp;Save</source>
        <translation>&amp;Speichern</translation>
    </message>
    <message>
        <source>Counts after the next start.</source>
        <translation>Zählt nach dem nächsten Start.</translation>
    </message>
    <message>
        <source>What is marked cannot be saved.</source>
        <translation>Was angezeichnet ist, lässt sich nicht speichern.</translation>
    </message>
    <message>
        <source>After the next start: {names}. The rest counts at once.</source>
        <translation>Nach dem nächsten Start: {names}. Der Rest zählt sofort.</translation>
    </message>
    <message>
        <source>Saved settings count at once.</source>
        <translation>Gespeicherte Einstellungen zählen sofort.</translation>
    </message>
</context>
<context>
    <name>SettingsFile</name>
    <message>
        <source>{source} is not valid TOML: {error}.</source>
        <translation>{source} ist kein gültiges TOML: {error}.</translation>
    </message>
    <message>
        <source>it is not UTF-8 text</source>
        <translation>es ist kein UTF-8-Text</translation>
    </message>
    <message>
        <source>{path} cannot be read: {why}.</source>
        <translation>{path} kann nicht gelesen werden: {why}.</translation>
    </message>
    <message>
        <source>These settings are not allowed: {error}.</source>
        <translation>Diese Einstellungen sind nicht erlaubt: {error}.</translation>
    </message>
    <message>
        <source>{path} has faults and cannot be replaced: {why}.</source>
        <translation>{path} hat Fehler und kann nicht ersetzt werden: {why}.</translation>
    </message>
    <message>
        <source>{path} is not UTF-8 text.</source>
        <translation>{path} ist kein UTF-8-Text.</translation>
    </message>
</context>
<context>
    <name>SettingsForm</name>
    <message>
        <source>Write {allowed}.</source>
        <translation>Bitte schreiben: {allowed}.</translation>
    </message>
    <message>
        <source>There is no file {value}.</source>
        <translation>Es gibt keine Datei {value}.</translation>
    </message>
    <message>
        <source>There is no file {value}; shipped keymaps are {presets}.</source>
        <translation>Es gibt keine Datei {value}; mitgeliefert sind {presets}.</translation>
    </message>
</context>
<context>
    <name>Sheets</name>
    <message>
        <source>Keys · {name} keymap</source>
        <translation>Tasten · Belegung {name}</translation>
    </message>
    <message>
        <source>Manual</source>
        <translation>Handbuch</translation>
    </message>
    <message>
        <source>{help} Keys: {keys}.</source>
        <translation>{help} Tasten: {keys}.</translation>
    </message>
    <message>
        <source>none</source>
        <translation>keine</translation>
    </message>
</context>
<context>
    <name>Shredder</name>
    <message>
        <source>Its copies on this machine were destroyed when it was rejected, and it is never fetched again.</source>
        <translation>Seine Kopien auf diesem Rechner wurden vernichtet, als es abgelehnt wurde, und es wird nie wieder geholt.</translation>
    </message>
    <message>
        <source>The copy of the picture could not be destroyed: {message} Run “modstation purge” when the window is closed.</source>
        <translation>Die Kopie des Bildes konnte nicht vernichtet werden: {message} „modstation purge“ ausführen, wenn das Fenster geschlossen ist.</translation>
    </message>
</context>
<context>
    <name>SpokenChanges</name>
    <message>
        <source>Flagged.</source>
        <translation>Markiert.</translation>
    </message>
    <message>
        <source>Not flagged.</source>
        <translation>Nicht markiert.</translation>
    </message>
    <message>
        <source>Conflicts: {count}.</source>
        <translation>Konflikte: {count}.</translation>
    </message>
    <message>
        <source>Decisions stuck: {count}.</source>
        <translation>Feststeckende Entscheidungen: {count}.</translation>
    </message>
</context>
<context>
    <name>Stage</name>
    <message>
        <source>Opening the queue</source>
        <translation>Die Warteschlange wird geöffnet</translation>
    </message>
    <message>
        <source>Reading what waits on this machine.</source>
        <translation>Was auf diesem Rechner wartet, wird gelesen.</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Bild</translation>
    </message>
    <message>
        <source>covered</source>
        <translation>verdeckt</translation>
    </message>
    <message>
        <source>shown</source>
        <translation>gezeigt</translation>
    </message>
    <message>
        <source>Covered – hold {peek} to look, {reveal} uncovers</source>
        <translation>Verdeckt – {peek} halten zum Hinsehen, {reveal} deckt auf</translation>
    </message>
</context>
<context>
    <name>StatusLine</name>
    <message>
        <source>Status</source>
        <translation>Stand</translation>
    </message>
    <message>
        <source>{tip} Tried again at {when}.</source>
        <translation>{tip} Neuer Versuch um {when}.</translation>
    </message>
    <message>
        <source>Go online</source>
        <translation>Online gehen</translation>
    </message>
    <message>
        <source>{count} left</source>
        <translation>{count} übrig</translation>
    </message>
    <message>
        <source>{count} decided</source>
        <translation>{count} entschieden</translation>
    </message>
    <message>
        <source>{count}/h</source>
        <translation>{count}/h</translation>
    </message>
    <message>
        <source>{n} image an hour|{n} images an hour</source>
        <translation>{n} Bild je Stunde|{n} Bilder je Stunde</translation>
    </message>
</context>
<context>
    <name>TakingBack</name>
    <message>
        <source>Nothing to redo.</source>
        <translation>Nichts zu wiederholen.</translation>
    </message>
    <message>
        <source>Not undone. {title}: {message}</source>
        <translation>Nicht rückgängig gemacht. {title}: {message}</translation>
    </message>
    <message>
        <source>Taken back: {label}.</source>
        <translation>Zurückgenommen: {label}.</translation>
    </message>
    <message>
        <source>{n} more is posted already: the same key reverses it.|{n} more are posted already: the same key reverses them.</source>
        <translation>{n} weitere ist schon gesendet: dieselbe Taste kehrt sie um.|{n} weitere sind schon gesendet: dieselbe Taste kehrt sie um.</translation>
    </message>
    <message>
        <source>Nothing to undo.</source>
        <translation>Nichts rückgängig zu machen.</translation>
    </message>
    <message>
        <source>{count} images will be posted with the opposite verdict.</source>
        <translation>{count} Bilder werden mit dem gegenteiligen Urteil gesendet.</translation>
    </message>
    <message>
        <source>{name} will be posted as {word}.</source>
        <translation>{name} wird als {word} gesendet.</translation>
    </message>
</context>
<context>
    <name>Tour</name>
    <message>
        <source>Skip (Esc)</source>
        <translation>Auslassen (Esc)</translation>
    </message>
    <message>
        <source>{at} of {count}</source>
        <translation>{at} von {count}</translation>
    </message>
    <message>
        <source>Start (Enter)</source>
        <translation>Anfangen (Eingabe)</translation>
    </message>
    <message>
        <source>Next (Enter)</source>
        <translation>Weiter (Eingabe)</translation>
    </message>
</context>
<context>
    <name>Translation</name>
    <message>
        <source>The service cannot be reached ({reason}).</source>
        <translation>Der Dienst ist nicht erreichbar ({reason}).</translation>
    </message>
    <message>
        <source>The connection broke before the answer ({reason}).</source>
        <translation>Die Verbindung brach vor der Antwort ab ({reason}).</translation>
    </message>
    <message>
        <source>The service says: {said}</source>
        <translation>Der Dienst sagt: {said}</translation>
    </message>
    <message>
        <source>The service answered {status}.</source>
        <translation>Der Dienst antwortete {status}.</translation>
    </message>
    <message>
        <source>The proxy wants a name and a password.</source>
        <translation>Der Proxy verlangt Name und Passwort.</translation>
    </message>
</context>
<context>
    <name>TripDialog</name>
    <message>
        <source>Work offline</source>
        <translation>Ohne Netz arbeiten</translation>
    </message>
    <message>
        <source>Pictures taken along</source>
        <translation>Mitgenommene Bilder</translation>
    </message>
    <message>
        <source>&amp;Images to take along, from the start of the queue:</source>
        <translation>M&amp;itzunehmende Bilder, vom Anfang der Warteschlange:</translation>
    </message>
    <message>
        <source>Go offline as soon as they are &amp;here</source>
        <translation>Offline gehen, sobald sie &amp;hier sind</translation>
    </message>
    <message>
        <source>Take along</source>
        <translation>Mitnehmen</translation>
    </message>
    <message>
        <source>Fetch these pictures now.</source>
        <translation>Diese Bilder jetzt holen.</translation>
    </message>
    <message>
        <source>Release</source>
        <translation>Loslassen</translation>
    </message>
    <message>
        <source>Keep these pictures no longer than others; decisions are not touched.</source>
        <translation>Diese Bilder nicht länger als andere behalten; Entscheidungen bleiben unberührt.</translation>
    </message>
    <message>
        <source>Close (Esc)</source>
        <translation>Schließen (Esc)</translation>
    </message>
    <message>
        <source>{missing} could not be fetched.</source>
        <translation>{missing} konnten nicht geholt werden.</translation>
    </message>
    <message>
        <source>{ready} of {n} image here.|{ready} of {n} images here.</source>
        <translation>{ready} von {n} Bild hier.|{ready} von {n} Bildern hier.</translation>
    </message>
    <message>
        <source>{n} image taken along and kept until it is decided and posted, or released.|{n} images taken along and kept until they are decided and posted, or released.</source>
        <translation>{n} Bild mitgenommen und behalten, bis es entschieden und gesendet oder losgelassen ist.|{n} Bilder mitgenommen und behalten, bis sie entschieden und gesendet oder losgelassen sind.</translation>
    </message>
    <message>
        <source>Images can be taken along while you are online.</source>
        <translation>Bilder lassen sich mitnehmen, solange du online bist.</translation>
    </message>
    <message>
        <source>Measuring…</source>
        <translation>Wird gemessen…</translation>
    </message>
    <message>
        <source>Nothing waits in the queue.</source>
        <translation>Nichts wartet in der Schlange.</translation>
    </message>
    <message>
        <source>{n} image needs about {size}|{n} images need about {size}</source>
        <translation>{n} Bild braucht etwa {size}|{n} Bilder brauchen etwa {size}</translation>
    </message>
    <message>
        <source>{needs}; the image cache may take {size} (setting cache_limit_mb). There is room for about {fits}.</source>
        <translation>{needs}; der Bildspeicher darf {size} belegen (Einstellung cache_limit_mb). Platz ist für etwa {fits}.</translation>
    </message>
    <message>
        <source>{needs}, {size} are free.</source>
        <translation>{needs}, {size} sind frei.</translation>
    </message>
    <message>
        <source>There is room for about {fits}.</source>
        <translation>Platz ist für etwa {fits}.</translation>
    </message>
    <message>
        <source>Back online: nothing was decided on the way.</source>
        <translation>Wieder online: unterwegs wurde nichts entschieden.</translation>
    </message>
    <message>
        <source>{count} posted</source>
        <translation>{count} gesendet</translation>
    </message>
    <message>
        <source>{waiting} still to post</source>
        <translation>{waiting} noch zu senden</translation>
    </message>
    <message>
        <source>{n} conflict|{n} conflicts</source>
        <translation>{n} Konflikt|{n} Konflikte</translation>
    </message>
    <message>
        <source>{count} gone</source>
        <translation>{count} weg</translation>
    </message>
    <message>
        <source>{count} stuck</source>
        <translation>{count} stecken fest</translation>
    </message>
    <message>
        <source>Back online: {what}.</source>
        <translation>Wieder online: {what}.</translation>
    </message>
</context>
<context>
    <name>UndoLog</name>
    <message>
        <source>Approve {name}</source>
        <translation>Freigabe von {name}</translation>
    </message>
    <message>
        <source>Reject {name}</source>
        <translation>Ablehnung von {name}</translation>
    </message>
    <message>
        <source>Reject {rejected}, approve {approved} images</source>
        <translation>Ablehnung von {rejected}, Freigabe von {approved} Bildern</translation>
    </message>
    <message>
        <source>Reject {n} image|Reject {n} images</source>
        <translation>Ablehnung von {n} Bild|Ablehnung von {n} Bildern</translation>
    </message>
    <message>
        <source>Approve {n} image|Approve {n} images</source>
        <translation>Freigabe von {n} Bild|Freigabe von {n} Bildern</translation>
    </message>
</context>
<context>
    <name>Uploader</name>
    <message>
        <source>The answer does not name the uploaded image and its status.</source>
        <translation>Die Antwort nennt das hochgeladene Bild und seinen Status nicht.</translation>
    </message>
</context>
<context>
    <name>Window</name>
    <message>
        <source>{message} {key} tries again.</source>
        <translation>{message} {key} versucht es noch einmal.</translation>
    </message>
</context>
<context>
    <name>Wording</name>
    <message>
        <source>Connecting</source>
        <translation>Verbindet</translation>
    </message>
    <message>
        <source>Online</source>
        <translation>Online</translation>
    </message>
    <message>
        <source>Offline</source>
        <translation>Offline</translation>
    </message>
    <message>
        <source>Offline by choice</source>
        <translation>Bewusst offline</translation>
    </message>
    <message>
        <source>Key not accepted</source>
        <translation>Schlüssel abgelehnt</translation>
    </message>
    <message>
        <source>Posting refused</source>
        <translation>Senden verweigert</translation>
    </message>
    <message>
        <source>Quota used up</source>
        <translation>Kontingent verbraucht</translation>
    </message>
    <message>
        <source>Service trouble</source>
        <translation>Störung beim Dienst</translation>
    </message>
    <message>
        <source>Second window</source>
        <translation>Zweites Fenster</translation>
    </message>
    <message>
        <source>{d} d {h} h</source>
        <translation>{d} d {h} h</translation>
    </message>
    <message>
        <source>{d} d</source>
        <translation>{d} d</translation>
    </message>
    <message>
        <source>{h} h {m} min</source>
        <translation>{h} h {m} min</translation>
    </message>
    <message>
        <source>{h} h</source>
        <translation>{h} h</translation>
    </message>
    <message>
        <source>{m} min</source>
        <translation>{m} min</translation>
    </message>
    <message>
        <source>less than a minute</source>
        <translation>weniger als eine Minute</translation>
    </message>
    <message>
        <source>{n} byte|{n} bytes</source>
        <translation>{n} Byte|{n} Bytes</translation>
    </message>
    <message>
        <source>{size} kB</source>
        <translation>{size} kB</translation>
    </message>
    <message>
        <source>{size} MB</source>
        <translation>{size} MB</translation>
    </message>
    <message>
        <source>{size} GB</source>
        <translation>{size} GB</translation>
    </message>
    <message>
        <source>{count} held</source>
        <translation>{count} gehalten</translation>
    </message>
    <message>
        <source>{count} to post</source>
        <translation>{count} zu senden</translation>
    </message>
    <message>
        <source>{count} to post, done {when}</source>
        <translation>{count} zu senden, fertig {when}</translation>
    </message>
    <message>
        <source>{count} to post, goes on {when}</source>
        <translation>{count} zu senden, weiter {when}</translation>
    </message>
    <message>
        <source>{n} conflict|{n} conflicts</source>
        <translation>{n} Konflikt|{n} Konflikte</translation>
    </message>
    <message>
        <source>{count} stuck</source>
        <translation>{count} stecken fest</translation>
    </message>
    <message>
        <source>All posted</source>
        <translation>Alles gesendet</translation>
    </message>
    <message>
        <source>Uploaded {span} ago, not delivered now</source>
        <translation>Vor {span} hochgeladen, zurzeit nicht ausgeliefert</translation>
    </message>
    <message>
        <source>Uploaded {span} ago, public now</source>
        <translation>Vor {span} hochgeladen, jetzt öffentlich</translation>
    </message>
    <message>
        <source>Waiting for {span}, since {when} · not public</source>
        <translation>Wartet seit {span} ({when}) · nicht öffentlich</translation>
    </message>
    <message>
        <source>Waiting and public for {span}, since {when}</source>
        <translation>Wartet und öffentlich seit {span} ({when})</translation>
    </message>
    <message>
        <source>Waiting for {span}, since {when} · public for {public}</source>
        <translation>Wartet seit {span} ({when}) · öffentlich seit {public}</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>{width} × {height} px ({megapixels} MP)</source>
        <translation>{width} × {height} px ({megapixels} MP)</translation>
    </message>
    <message>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>Uploaded</source>
        <translation>Hochgeladen</translation>
    </message>
    <message>
        <source>Type</source>
        <translation>Typ</translation>
    </message>
    <message>
        <source>oldest first</source>
        <translation>älteste zuerst</translation>
    </message>
    <message>
        <source>newest first</source>
        <translation>neueste zuerst</translation>
    </message>
    <message>
        <source>longest public first</source>
        <translation>am längsten öffentliche zuerst</translation>
    </message>
    <message>
        <source>least sure first</source>
        <translation>unsicherste zuerst</translation>
    </message>
    <message>
        <source>copies together</source>
        <translation>Kopien zusammen</translation>
    </message>
    <message>
        <source>part {part} of {parts}</source>
        <translation>Teil {part} von {parts}</translation>
    </message>
    <message>
        <source>Looked at all {count}</source>
        <translation>Alle {count} angesehen</translation>
    </message>
    <message>
        <source>Looked at {count} so far</source>
        <translation>Bisher {count} angesehen</translation>
    </message>
    <message>
        <source>Here because it was skipped|Here because it was skipped {n} times</source>
        <translation>Hier, weil es ausgelassen wurde|Hier, weil es {n}-mal ausgelassen wurde</translation>
    </message>
    <message>
        <source>Here without a machine label, after those that have one</source>
        <translation>Hier ohne Maschinenlabel, nach denen, die eines haben</translation>
    </message>
    <message>
        <source>Here because {name} is {distance:.0f} from its threshold</source>
        <translation>Hier, weil {name} um {distance:.0f} von seiner Schwelle abweicht</translation>
    </message>
    <message>
        <source>Here because it is like an image that waited longer</source>
        <translation>Hier, weil es einem Bild gleicht, das länger wartet</translation>
    </message>
    <message>
        <source>Here last: not public</source>
        <translation>Hier zuletzt: nicht öffentlich</translation>
    </message>
    <message>
        <source>Here because this picture is public since {when}</source>
        <translation>Hier, weil dieses Bild seit {when} öffentlich ist</translation>
    </message>
    <message>
        <source>Here by order: {order}</source>
        <translation>Hier nach Reihenfolge: {order}</translation>
    </message>
    <message>
        <source>Queue: {kind}</source>
        <translation>Schlange: {kind}</translation>
    </message>
    <message>
        <source>Flagged</source>
        <translation>Markiert</translation>
    </message>
    <message>
        <source>Approved here by {actor}, {when}</source>
        <translation>Hier freigegeben von {actor}, {when}</translation>
    </message>
    <message>
        <source>Rejected here by {actor}, {when}</source>
        <translation>Hier abgelehnt von {actor}, {when}</translation>
    </message>
    <message>
        <source>no reason is told</source>
        <translation>kein Grund genannt</translation>
    </message>
    <message>
        <source>Approved elsewhere by {actor}{when}</source>
        <translation>Anderswo freigegeben von {actor}{when}</translation>
    </message>
    <message>
        <source>Rejected elsewhere by {actor}{when}</source>
        <translation>Anderswo abgelehnt von {actor}{when}</translation>
    </message>
    <message>
        <source>Approved elsewhere{when}</source>
        <translation>Anderswo freigegeben{when}</translation>
    </message>
    <message>
        <source>Rejected elsewhere{when}</source>
        <translation>Anderswo abgelehnt{when}</translation>
    </message>
</context>
</TS>
