/** Turns of phrase in English, by what they say of their speaker; separated by commas. */
export const PHRASES = {
  /** Only an answering machine or a mailbox says it. */
  voicemail: `
    leave a message, leave the message, leave me a message, leave us a message, leave your message,
    leave a brief message, leave a short message, leave a detailed message, leave a voice message, leave your name,
    leave a name, leave me your name, leave us your name, leave your number, leave your details,
    leave your contact, record your message, record a message, after the tone, after the beep, at the tone,
    at the beep, after the signal, hear the tone, hear the beep, wait for the tone,
    wait for the beep, voicemail, voice mail, voicemail box,
    voice mailbox, mailbox, mail box, answering machine, answering service, voice messaging, voice message system,
    message system, messaging system, messaging service, automatic voice, automated voice,
    cannot come to the phone, cannot get to the phone, cannot take your call, cannot answer your call,
    cannot answer the phone, cannot pick up, cannot be at the phone, not able to take your call,
    unable to take your call, unable to answer, unable to come to the phone, unable to get to the phone,
    not available to take your call, not available right now please, missed your call, sorry i missed you,
    sorry we missed you, sorry to have missed your call, i will call back as soon, we will get back to you,
    get back to you as soon, will return your call, return your call as soon, call you back as soon,
    away from my desk, away from the phone, away from my phone, away from our phones, do your thing at the,
    you know what to do, person you are calling is not available, person you are trying to reach is not available,
    person you are trying to reach, person you are calling cannot, nobody is available to take,
    no one is available to take, finished recording, when you have finished, when you are finished,
    you may hang up, please hang up when`,
  /** Only the network says it: nobody can be had under this number now. */
  unavailable: `
    number you have dialed, number you have dialled, number you dialed, number you dialled, number you have called,
    number you called, number you are calling, number you are trying to reach, number you are trying to call,
    number you have reached, number has been disconnected, number has been changed, not in service,
    no longer in service, out of service, has been disconnected, temporarily unavailable,
    temporarily not available, not been recognised, not been recognized, not recognised, not recognized,
    call cannot be completed, cannot be completed, could not be completed, cannot be connected,
    could not be connected, cannot be reached, check the number, check the number and, hang up and try,
    try your call again, try again later, try your call later, please try later, call again later,
    phone is switched off, mobile is switched off, is switched off, is turned off, phone is off,
    subscriber you have dialed, subscriber you have dialled, subscriber you have called,
    subscriber you are calling, subscriber is not, customer you are calling, subscriber cannot,
    all circuits are busy, circuits are busy, number does not exist, does not exist, not accepting calls,
    is not accepting calls, not receiving calls, incoming calls`,
  /** Only a menu says it, whoever seemed to speak before. */
  keys: `
    press one, press two, press three, press four, press five, press six, press seven, press eight, press nine,
    press zero, press 1, press 2, press 3, press 4, press 5, press 6, press 7, press 8, press 9, press 0,
    press the star, press star, press the pound, press pound, press the hash, press hash, following options,
    menu options, options have changed`,
  /** So does a menu, which waits for keys or for words. */
  menu: `
    dial one, dial zero, dial 1, dial 0, dial your party, dial the extension, dial your, enter your, please enter,
    key in, following menu, main menu, menu has changed, listen carefully, select from, please select, please choose one,
    for sales, for support, for billing, for english, for customer service, for technical support, for all other, for opening hours, say or press,
    you can say, please say, in a few words, tell me why, tell us why, use your keypad, touch tone,
    know your party, know the extension, know your party's, party's extension, stay on the line to,
    if you are an existing, if you are a new, if you know`,
  /** A recording says it of itself; a person hardly ever, and then not alone. */
  recorded: `
    your call is important, your call may be, your call is being, call may be recorded, call may be monitored,
    calls may be recorded, calls are recorded, recorded for, for quality, quality assurance, training purposes,
    am not available, are not available, am unavailable, are unavailable, currently closed, are now closed,
    are closed, our office is closed, am not here, are not home, please stay on the line, please wait while,
    has been forwarded, is being forwarded, being transferred, forwarded to, all our lines, all of our agents,
    all our agents, next available, i am not available, i am out of the office, i am on vacation, i am on holiday,
    we are out of the office`,
  /** Recordings say it, and so does whoever answers for a firm, or for somebody else: it tells nothing by itself. */
  formal: `
    you have reached, you have just reached, you reached, you are through to, you have called,
    you have got through, is not available, not available at the moment, not available right now,
    unavailable right now, is unavailable, not here right now, not in right now, not home right now,
    out of the office, on vacation, on holiday, on the other line, please hold, opening hours are,
    business hours are, office hours are, thank you for calling, thanks for calling, thank you for your call,
    welcome to`,
  /** A person says it who has answered. */
  person: `
    speaking, take a message, would you like to leave, do you want to leave,
    who shall i say, which company, how can i help, how may i help, how can we help,
    how may we help, can i help you, may i help you, help you today, what can i do for you, who is this,
    who's this, who is it, who's there, who is there, who is calling, who's calling, who am i speaking,
    may i ask who, anyone there, anybody there, can you hear me, i can hear you, is anyone there, is anybody there,
    hello hello, yes hello, hello yes, yes who, what do you want, what is this about, what's this about,
    who do you want, whom do you want, hang on, hold on a second, one second, give me a second, give me one second,
    just a second, just a sec, one sec, sorry who, i am driving, i am in a meeting, can i call you back,
    is that you, this is he, this is she, that's me, good morning how, good afternoon how, what's up,
    how's it going, how are you`,
} as const;
